"""Workload `set`: unique elements are added to one set, which is read at the end through every node; nothing is lost.

The cheapest test of lost writes: an acknowledged element that a final read misses was lost.

Pitfall: the final reads come after everything is healed, so a set that is only slow to converge passes. With
`read_share` above 0 there are reads during the faults too, and an element must not vanish again.

Operations: `add` (value: the element), `read` (ok value: all elements, nil if there are none).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.set_full import SetFullCheck
from splitbrain.checkers.domain.sets import ADD, READ, SetCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_through_each_node
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("read_share", 0.0, "share of reads among the operations of the main phase, 0 to 1", most=1),
    Option("fresh", False, "whether a read that misses an element for a while is invalid too, with read_share above 0"),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Adds of elements that are unique by thread and ordinal, and reads among them."""
    share = float(settings["read_share"] or 0)

    def operation(context: Context) -> Operation:
        if share > 0 and context.draws.chance(share):
            return Operation(READ)
        return Operation(ADD, size.unique(context.thread, context.ordinal))

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """The set, read through each node."""
    return read_through_each_node(size, Operation(READ))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Check that all final reads have everything; with reads all along, that nothing vanishes."""
    last = SetCheck(reads="final")
    return (last, SetFullCheck(bool(settings["fresh"]))) if float(settings["read_share"] or 0) > 0 else (last,)


SET = Workload(
    name="set",
    summary="adds of unique elements to one set, read through every node at the end; anything lost?",
    operations={
        ADD: Shape("the element", "the element"),
        READ: Shape("none", "all elements, nil if there are none", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="linearizable",
)
