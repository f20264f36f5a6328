"""Workload `consume`: unique messages are sent to partitioned logs, and a group of consumers leaves effects in a sink.

Every client is a producer and a member of the group: it takes the messages behind the group's offset, has their effects
(which are put into a sink), and commits the offset, in the order that the target's delivery says. At the end a last
message is sent to each log, the group consumes what is left, and the effects are read.

What is judged is `consumed-exactly-once`, the strongest; `--model claim` judges what the target claims. A message of
which neither the send nor the effect is certain counts for nothing.

Operations, each with the log as its key: `send` (value: the message; ok: with its offset as `revision`, where it is
known), `consume` (ok: [[offset, message], …], what this consumer had the effects of), `effects` (ok: [[offset,
message], …], all effects in the order in which they came).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.consumption import CONSUME, EFFECTS, EXACTLY_ONCE
from splitbrain.checkers.domain.log_traffic import SEND
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
    sleep,
    then,
    until_ok,
)
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.log import last_message, names
from splitbrain.workloads.workload import Size, Workload

PAUSE_SECONDS = 0.1
"""Before each consume at the end: a consumer that is gone may have the partition for a while."""
OPTIONS = (
    Option("logs", 2, "number of logs", least=1),
    Option("consume_share", 0.3, "share of consumes among the operations, 0 to 1", most=1),
    Option("taken_at_once", 50, "messages that a consume takes at most: how many there are at the end depends on it"),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Sends of messages that are unique by thread and ordinal, and consumes."""
    share = float(settings["consume_share"] or 0)

    def operation(context: Context) -> Operation:
        log = context.draws.choice(names(settings))
        if context.draws.chance(share):
            return Operation(CONSUME, None, log)
        return Operation(SEND, size.unique(context.thread, context.ordinal), log)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A last message to each log, consumes of all that may be left in it, by one client, and all effects."""
    values = history.pool.values
    sent = sum(values[f] == SEND for f in history.operations().f)
    consumes = READ_TRIES + sent // max(1, int(settings["taken_at_once"] or 1))

    def of_log(log: str) -> Generator:
        effects = until_ok(limit(READ_TRIES, repeat(Operation(EFFECTS, None, log))))
        consume = then(sleep(PAUSE_SECONDS), limit(1, repeat(Operation(CONSUME, None, log))))
        return then(last_message(size, log, len(history)), *[consume] * consumes, effects)

    return on_threads([0], per_thread(then(*map(of_log, names(settings)))))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Exactly once."""
    return (EXACTLY_ONCE,)


CONSUMED_LOG = Workload(
    name="consume",
    summary="consumers of partitioned logs leave effects in a sink; is each message's there once?",
    operations={
        SEND: Shape("the message", "the message, with its offset as revision"),
        CONSUME: Shape("none", "[[offset, message], …]"),
        EFFECTS: Shape("none", "[[offset, message], …]", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
