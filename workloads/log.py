"""Workload `log`: clients send unique messages to partitioned logs and poll them; none lost, doubled, out of order.

Each client polls on from where it stopped. At the end a last message is sent to each log, and each log is polled from
its first message to its last: whatever was acknowledged before must be there.

Pitfall: a last message is sent under a new value each time, as a try of unknown end may have been appended.

Operations, each with the log as its key: `send` (value: the message; ok: with its offset as `revision`, where it is
known), `poll` (value: none for the messages that follow, `start` for all; ok: [[offset, message], …]).
"""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.checkers.domain.log_traffic import POLL, SEND, START
from splitbrain.checkers.domain.logs import LogCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import (
    Context,
    Generator,
    calls,
    limit,
    on_threads,
    per_thread,
    repeat,
    then,
    until_ok,
)
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload

NumberedSend = Callable[[str, int], Operation]
"""The send to a log of a message that has a number, which no other has."""
OPTIONS = (
    Option("logs", 2, "number of logs", least=1),
    Option("poll_share", 0.5, "share of polls among the operations, 0 to 1", most=1),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Sends of messages that are unique by thread and ordinal, and polls."""
    share = float(settings["poll_share"] or 0)

    def operation(context: Context) -> Operation:
        log = context.draws.choice(names(settings))
        if context.draws.chance(share):
            return Operation(POLL, None, log)
        return Operation(SEND, size.unique(context.thread, context.ordinal), log)

    return calls(operation)


def names(settings: Mapping[str, Setting]) -> Sequence[str]:
    """The names of the logs."""
    return [f"log{number}" for number in range(int(settings["logs"] or 1))]


def unkeyed(log: str, number: int) -> Operation:
    """The send of a message that is a number."""
    return Operation(SEND, number, log)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A last message to each log, then each log from its first message to its last, by some clients."""
    return final_polls(size, settings, history, unkeyed)


def final_polls(size: Size, settings: Mapping[str, Setting], history: History, send: NumberedSend) -> Generator:
    """The same, with last messages of this kind."""

    def whole(log: str) -> Generator:
        return until_ok(limit(READ_TRIES, repeat(Operation(POLL, START, log))))

    logs = names(settings)
    steps = [*(last_message(size, log, len(history), send) for log in logs), *map(whole, logs)]
    return on_threads(range(min(2, size.concurrency)), per_thread(then(*steps)))


def last_message(size: Size, log: str, begun: int, send: NumberedSend = unkeyed) -> Generator:
    """A send of a message to a log, tried again under a new value. begun: the number of events so far."""

    def message(context: Context) -> Operation:
        return send(log, -1 - begun - size.unique(context.thread, context.ordinal))

    return until_ok(limit(READ_TRIES, calls(message)))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """The ordered log."""
    return (LogCheck(),)


LOG = Workload(
    name="log",
    summary="messages are sent to partitioned logs and polled; lost, doubled, out of order?",
    operations={
        SEND: Shape("the message", "the message, with its offset as revision"),
        POLL: Shape("none or start", "[[offset, message], …]", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
