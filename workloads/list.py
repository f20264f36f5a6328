"""Workload `list`: appends of unique elements to short-lived lists, and reads of whole lists; linearizable key by key.

A read of a list tells the order of all appends before it, so it refutes more than a read of a register, which tells
the last write alone. Each read repeats the whole list, so keys live for fewer operations than those of registers.

Operations: `append` (value: the element), `read` (ok value: the elements in order, nil if there are none).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_latest_keys_and_compare
from splitbrain.workloads.keys import assign
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("operations_per_key", 60, "how many operations a key lives for", least=1),
    Option(
        "append_share", 0.5, "share of appends among the operations of threads that do not only read, 0 to 1", most=1
    ),
)

APPEND, READ = "append", "read"


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Appends of elements that are unique by thread and ordinal, and reads, of short-lived keys."""
    life, share = int(settings["operations_per_key"] or 1), float(settings["append_share"] or 0)

    def operation(context: Context) -> Operation:
        at = assign(context, size, life)
        if not at.reader and context.draws.chance(share):
            return Operation(APPEND, size.unique(context.thread, context.ordinal), at.key)
        return Operation(READ, None, at.key)

    return calls(operation)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Linearizability of an append-only list, key by key."""
    return (Linearizability(MODELS["lin-list"].make()),)


LIST = Workload(
    name="list",
    summary="appends to and reads of independent short-lived lists; linearizable?",
    operations={
        APPEND: Shape("the element", "the element"),
        READ: Shape("none", "the elements in order, nil if there are none", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=read_latest_keys_and_compare,
    checkers=checkers,
    model="linearizable",
    decides=True,
)
