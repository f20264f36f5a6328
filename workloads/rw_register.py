"""Is each key a register that behaves as if it stood on one machine, when it is only read and written? For stores that
have no compare-and-set.

Every value is written once, so a read tells which write it saw, and long histories are decided quickly. Keys are
short-lived, see `keys`. The trap: a write that timed out may show up late, and that is no violation; only what was
acknowledged, or seen, must not be undone.

Operations: `write` (value: unique), `read` (ok value: the value, nil if never written).
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
    Option("operations_per_key", 200, "how many operations a key lives for"),
    Option("write_share", 0.6, "share of writes among the operations of threads that do not only read, 0 to 1"),
)

READ, WRITE = "read", "write"


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of values that are unique by thread and ordinal, and reads, of short-lived keys."""
    life, share = int(settings["operations_per_key"] or 1), float(settings["write_share"] or 0)

    def operation(context: Context) -> Operation:
        at = place(context, size, life)
        if not at.reader and context.draws.chance(share):
            return Operation(WRITE, context.ordinal * size.concurrency + context.thread, at.key)
        return Operation(READ, None, at.key)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Every key once more, when everything is healed: what was acknowledged and is gone now shows itself."""
    return deal([Operation(READ, None, key) for key in latest(history)])


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """One judge: linearizability of a register, key by key."""
    return (Linearizability(MODELS["register"].make({"initial": None})),)


RW_REGISTER = Workload(
    name="rw-register",
    summary="reads and unique writes of independent short-lived keys; linearizable?",
    operations={
        READ: Shape("none", "the value, nil if never written", effects=False),
        WRITE: Shape("the value", "the value"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
