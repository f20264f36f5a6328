"""Workloads `batched-log`, `transactional-log`: each operation sends several messages to a log; polls as in `log`.

The messages of a batch are sent one after the other, as fast as the client sends, and the operation succeeds if all of
them are acknowledged. With transactions some batches are aborted on purpose: a poll that has a message of those is an
aborted read.

Operations, each with the log as its key: `send-batch` (value: the messages; ok: [[offset, message], …], with null where
an offset is not known), `send-aborted` (value: the messages; a failure, or of unknown end), `send` and `poll` as in
`log`.
"""

from collections.abc import Mapping

from splitbrain.checkers.domain.log_traffic import ABORTED, BATCH, POLL, SEND
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.log import LOG, checkers, final, names
from splitbrain.workloads.log import OPTIONS as LOG_OPTIONS
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (*LOG_OPTIONS, Option("batch", 5, "number of messages that are sent in one operation", least=1))
ABORT_SHARE = Option("abort_share", 0.2, "share of the batches that are aborted, 0 to 1", least=0, most=1)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Batches of messages that are unique by thread and ordinal, and polls."""
    polls, aborts = float(settings["poll_share"] or 0), float(settings.get("abort_share") or 0)
    length = int(settings["batch"] or 1)

    def operation(context: Context) -> Operation:
        log = context.draws.choice(names(settings))
        if context.draws.chance(polls):
            return Operation(POLL, None, log)
        first = size.unique(context.thread, context.ordinal) * length
        aborted = aborts and context.draws.chance(aborts)
        return Operation(ABORTED if aborted else BATCH, tuple(range(first, first + length)), log)

    return calls(operation)


OPERATIONS = {
    BATCH: Shape("[message, …]", "[[offset, message], …]"),
    SEND: LOG.operations[SEND],
    POLL: LOG.operations[POLL],
}

BATCHED_LOG = Workload(
    name="batched-log",
    summary="messages are sent to partitioned logs several at a time; lost, doubled, out of order?",
    operations=OPERATIONS,
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
TRANSACTIONAL_LOG = Workload(
    name="transactional-log",
    summary="messages are sent to partitioned logs in transactions, some aborted; lost, doubled, seen though aborted?",
    operations={ABORTED: Shape("[message, …]", "none: it fails"), **OPERATIONS},
    options=(*OPTIONS, ABORT_SHARE),
    main=main,
    final=final,
    checkers=checkers,
)
