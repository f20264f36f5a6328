"""Workload `deletes`: elements are added to one set, most are removed again; a removed element must not come back.

In a store without a leader a removal is a mark (tombstone) beside the element until all replicas have it. A replica
that missed the mark, and is heard again after the others dropped it, brings the element back.

Pitfall: an element that is removed at once was nowhere yet, and nothing can come back; so it is removed `lag`
operations after its thread added it.

Operations: `add` (value: the element), `remove` (value: the element), `read` (ok value: all elements, nil if there are
none).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.set_removals import ADD, READ, REMOVE, RemovalCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_through_each_node
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("lag", 12, "how many elements later, of the same thread, an element is removed", least=1),
    Option("kept_every", 5, "every so manyth element is never removed; 0: all are"),
    Option("read_share", 0.0, "share of reads among the operations of the main phase, 0 to 1", most=1),
    Option("fresh", False, "whether those reads are judged, too: each must see what was done before it"),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Adds and removes by each thread in turns, the removes of older elements of its own."""
    lag, every, share = int(settings["lag"] or 0), int(settings["kept_every"] or 0), float(settings["read_share"] or 0)
    if lag < 1 or every < 0:
        raise UsageError(f"deletes: lag is at least 1 and kept_every at least 0, not {lag} and {every}")

    def operation(context: Context) -> Operation:
        if share > 0 and context.draws.chance(share):
            return Operation(READ)
        turn, removing = divmod(context.ordinal, 2)
        number = turn - lag if removing else turn
        if number < 0 or (removing and every and number % every == 0):
            return Operation(ADD, element(context.thread, context.ordinal, size))
        return Operation(REMOVE if removing else ADD, element(context.thread, 2 * number, size))

    return calls(operation)


def element(thread: int, ordinal: int, size: Size) -> int:
    """The element that a thread adds as its operation of this ordinal."""
    return size.unique(thread, ordinal)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """The set, read through each node."""
    return read_through_each_node(size, Operation(READ))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Check that removed elements are gone, and the others are there."""
    return (RemovalCheck(reads="all" if settings["fresh"] else "final"),)


DELETES = Workload(
    name="deletes",
    summary="unique elements are added and removed, read through every node at the end; does one come back?",
    operations={
        ADD: Shape("the element", "the element"),
        REMOVE: Shape("the element", "the element"),
        READ: Shape("none", "all elements, nil if there are none", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="linearizable",
)
