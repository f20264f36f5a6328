"""Workload `dirty-reads`: transactions set all rows to a value of their own; no read shows what a failed one wrote.

As in Jepsen's tests of Galera and Percona (jepsen-io/jepsen, `galera/dirty_reads.clj`): writers go through the rows in
an order drawn by lot, so that they are in each other's way and some fail.

Operations: `txn`, `[["w", row, value], …]` with one value, or `[["r", row, null], …]`.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.dirty_reads import TXN, DirtyReadsCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, deal
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("rows", 4, "how many rows there are", least=1),
    Option("read_share", 0.5, "share of reads, 0 to 1", most=1),
)


def rows_of(settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """The rows."""
    return tuple(f"row{number}" for number in range(int(settings["rows"] or 0)))


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of all rows, and reads."""
    rows, share = rows_of(settings), float(settings["read_share"] or 0)

    def operation(context: Context) -> Operation:
        if context.draws.chance(share):
            return Operation(TXN, tuple(("r", row, None) for row in rows))
        value = size.unique(context.thread, context.ordinal)
        return Operation(TXN, tuple(("w", row, value) for row in context.draws.shuffled(rows)))

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """One read of all."""
    return deal([Operation(TXN, tuple(("r", row, None) for row in rows_of(settings)))])


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Jepsen's check."""
    return (DirtyReadsCheck(),)


DIRTY_READS = Workload(
    name="dirty-reads",
    summary="transactions set all rows, others read all rows; does a read show what a failed one wrote?",
    operations={TXN: Shape("micro-operations", "micro-operations with what was read")},
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="read-committed",
)
