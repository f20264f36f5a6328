"""Is what was acknowledged still there at the end? Unique elements are added to one set, which is read at the end
through every node.

This is the cheapest test of lost writes: an element that a final read misses was lost, whatever the faults did
meanwhile. The trap: the final reads come after everything is healed, so a set that is merely slow to converge passes;
with `read_share` above 0 there are reads all along, and those are judged too: an element must not vanish again.

Operations: `add` (value: the element), `read` (ok value: all elements, nil if there are none).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.set_full import SetFullCheck
from splitbrain.checkers.sets import ADD, READ, SetCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, limit, on_threads, per_thread, repeat, until_ok
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("read_share", 0.0, "share of reads among the operations of the main phase, 0 to 1"),
    Option("fresh", False, "whether a read that misses an element for a while is invalid too, with read_share above 0"),
)

FINAL_TRIES = 10
"""How often each final read is tried until it succeeds."""


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Adds of elements that are unique by thread and ordinal, and reads among them."""
    share = float(settings["read_share"] or 0)

    def operation(context: Context) -> Operation:
        if share > 0 and context.draws.chance(share):
            return Operation(READ)
        return Operation(ADD, context.ordinal * size.concurrency + context.thread)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A read through each node, tried again until it succeeds."""
    readers = range(min(size.nodes, size.concurrency))
    return on_threads(readers, per_thread(until_ok(limit(FINAL_TRIES, repeat(Operation(READ))))))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """All final reads have everything; with reads all along, nothing vanishes."""
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
)
