"""Workload `g2`: pairs of inserts that a predicate keeps apart, of which only one may succeed.

As Jepsen's `adya` (jepsen-io/jepsen, `tests/adya.clj`), after Adya's anomaly G2, an anti-dependency cycle over
predicates: of each key two threads insert a row, one into table a and one into table b, and each only if neither table
has a row with that key. Snapshot isolation lets both succeed, serializability does not.

Operations: `insert` with a key, its value `[id, null]` or `[null, id]`; it fails with `precondition` where there is a
row.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.g2 import INSERT, G2Check
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.workloads.workload import Size, Workload


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Rounds of pairs of threads, each round on a key of its own."""

    def operation(context: Context) -> Operation:
        row = size.unique(context.thread, context.ordinal)
        key = size.unique(context.thread // 2, context.ordinal)
        return Operation(INSERT, (None, row) if context.thread % 2 else (row, None), key)

    return calls(operation)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Jepsen's check."""
    return (G2Check(),)


G2 = Workload(
    name="g2",
    summary="pairs of inserts that a predicate keeps apart; do both succeed?",
    operations={INSERT: Shape("[row of table a, row of table b], one of them null", "the same")},
    options=(),
    main=main,
    checkers=checkers,
    model="serializable",
)
