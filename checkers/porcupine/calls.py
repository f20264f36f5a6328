"""Calls read from a history: what a model is asked about the operation that begins at an event."""

from splitbrain.checkers.porcupine import refusals
from splitbrain.checkers.porcupine.model import UNSEEN, Call, Model
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType


def call_at(model: Model, history: History, invoked: int) -> Call:
    """The call that begins at an event and did not fail, unless it was refused."""
    values, completed = history.pool.values, history.partner[invoked]
    ended = EventType.INFO if completed == ABSENT else history.type[completed]
    key, result, revision, token = history.key[invoked], UNSEEN, ABSENT, ABSENT
    if ended == EventType.OK:
        result = values[history.value[completed]]
    elif ended == EventType.FAIL:
        result = refusals.result_of(values, refusals.at(model, history, invoked, completed))
    if ended != EventType.INFO:
        revision = history.revision[completed] if "revision" in model.sees else ABSENT
        token = history.token[completed] if "token" in model.sees else ABSENT
    return Call(
        values[history.f[invoked]], values[history.value[invoked]], result,
        None if model.by_key or key == ABSENT else values[key],
        history.process[invoked] if "process" in model.sees else None, None if revision == ABSENT else revision,
        None if token == ABSENT else values[token],
    )  # fmt: skip


def is_plain(value: object) -> bool:
    """Whether a state is told from others as the values of a history are: not so a list, which becomes a tuple."""
    return value is None or isinstance(value, bool | int | float | str)
