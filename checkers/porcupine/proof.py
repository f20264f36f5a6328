"""Is an order a proof, asked by those in a hurry? The compiled verifier where it is built, else `certificate`.

The trap: `proven` may say no of a good order, when the time is over; `certificate.objection` has the last word.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine import kernel, refusals
from splitbrain.checkers.porcupine.certificate import merged
from splitbrain.checkers.porcupine.kernel.by_heart import codes
from splitbrain.checkers.porcupine.model import UNSEEN, Call, Model
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType


def proven(model: Model, history: History, order: tuple[int, ...], spending: BudgetMeter) -> bool:
    """Whether the order (indexes of invocations) is known to be a proof. What the model raises comes through."""
    if not kernel.BUILT:
        return False
    from splitbrain.checkers.porcupine.kernel.verify import holds

    by_heart = None if model.sees else codes(model)
    if "append" in history.pool.names:
        # Of a store of anything but texts the model itself is asked.
        if by_heart and isinstance(model.initial, str) and holds(
            model, history, order, by_heart, True, call_at, spending
        ):  # fmt: skip
            return True
        by_heart = None
    elif not is_plain(model.initial):
        by_heart = None
    return holds(model, history, order, by_heart, False, call_at, spending)


def merged_order(history: History, orders: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """One order of the whole history from an order of each key; see `certificate.merged`."""
    if len(orders) == 1:
        return orders[0]
    if not kernel.BUILT:
        return tuple(merged(orders))
    from splitbrain.checkers.porcupine.kernel.verify import merge

    return merge(orders, len(history))


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
