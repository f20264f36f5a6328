"""Workload `compacted-log`: messages with keys are sent to compacted logs; the last one of each key must be polled.

A message is `[key, value]`, or `[key, null, number]`, which deletes the key; the number tells deletions apart. Each
client polls on from where it stopped, and now and then everything from the first message on. At the end a last message
is sent to each log, and each log is polled from its first message to its last.

Operations, each with the log as its key: `send-keyed` (value: the message; ok: with its offset as `revision`), `poll`
(value: none for the messages that follow, `start` for all; ok: [[offset, message], …]).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.compacted_logs import CompactedLogCheck
from splitbrain.checkers.domain.log_traffic import KEYED, POLL, START
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.log import final_polls, names
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("logs", 2, "number of logs", least=1),
    Option("keys", 8, "number of keys in a log: each is half as frequent as the one before", least=1),
    Option("poll_share", 0.5, "share of polls among the operations, 0 to 1", most=1),
    Option("start_share", 0.2, "share of the polls that begin with the first message, 0 to 1", most=1),
    Option("delete_share", 0.2, "share of the messages that delete their key, 0 to 1", most=1),
    Option("retention", 1.0, "for how long a deletion stays, at least, seconds", least=0),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Sends of messages that are unique by thread and ordinal, and polls."""
    polls, whole = float(settings["poll_share"] or 0), float(settings["start_share"] or 0)
    deletes = float(settings["delete_share"] or 0)
    keys = int(settings["keys"] or 1)

    def key(context: Context) -> str:
        """A key: what is left of one that is rarely sent is old."""
        return f"k{next((number for number in range(keys - 1) if context.draws.chance(0.5)), keys - 1)}"

    def operation(context: Context) -> Operation:
        draws = context.draws
        log = draws.choice(names(settings))
        if draws.chance(polls):
            return Operation(POLL, START if draws.chance(whole) else None, log)
        name, number = key(context), size.unique(context.thread, context.ordinal)
        return Operation(KEYED, (name, None, number) if draws.chance(deletes) else (name, number), log)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A last message to each log, under a key of its own, then each log from its first message to its last."""

    def last(log: str, number: int) -> Operation:
        return Operation(KEYED, ("last", number), log)

    return final_polls(size, settings, history, last)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """The compacted log."""
    return (CompactedLogCheck(retention=float(settings["retention"] or 0)),)


COMPACTED_LOG = Workload(
    name="compacted-log",
    summary="messages with keys are sent to compacted logs and polled; is the last one of each key there?",
    operations={
        KEYED: Shape("[key, value], or [key, null, number]", "the message, with its offset as revision"),
        POLL: Shape("none or start", "[[offset, message], …]", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
