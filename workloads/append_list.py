"""Is each key a list that behaves as if it stood on one machine? Appends of unique elements and reads of the whole
list, judged for linearizability.

A read of a list tells the order of all appends before it, so a violation shows itself sooner than with a register,
where a read tells the last write alone. Keys are short-lived, see `keys`. The trap is the length of the lists: each
read repeats everything, so keys live for fewer operations than registers.

Operations: `append` (value: the element), `read` (ok value: the elements in order, nil if there are none).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine.models import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, deal
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.keys import latest, place
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("operations_per_key", 60, "how many operations a key lives for"),
    Option("append_share", 0.5, "share of appends among the operations of threads that do not only read, 0 to 1"),
)

APPEND, READ = "append", "read"


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Appends of elements that are unique by thread and ordinal, and reads, of short-lived keys."""
    life, share = int(settings["operations_per_key"] or 1), float(settings["append_share"] or 0)

    def operation(context: Context) -> Operation:
        at = place(context, size, life)
        if not at.reader and context.draws.chance(share):
            return Operation(APPEND, context.ordinal * size.concurrency + context.thread, at.key)
        return Operation(READ, None, at.key)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Every key once more, when everything is healed."""
    return deal([Operation(READ, None, key) for key in latest(history)])


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """One judge: linearizability of an append-only list, key by key."""
    return (Linearizability(MODELS["append-list"].make()),)


APPEND_LIST = Workload(
    name="append-list",
    summary="appends to and reads of independent short-lived lists; linearizable?",
    operations={
        APPEND: Shape("the element", "the element"),
        READ: Shape("none", "the elements in order, nil if there are none", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
