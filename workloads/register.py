"""Is each key a register that behaves as if it stood on one machine? Reads, writes and compare-and-sets, judged for
linearizability.

Keys are independent, and short-lived, see `keys`. The trap: operations whose end is unknown. They stay concurrent with
everything after them, so a key must not live for much longer than `operations_per_key` says.
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
    Option("values", 5, "writes choose among the values 0 up to this, exclusive"),
)

READ, WRITE, CAS = "read", "write", "cas"
WRITER_MIX = ((READ, 0.2), (WRITE, 0.4), (CAS, 0.4))


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Threads work in groups of two per node, each group on one key at a time, its own: the first half of a group
    reads, writes and compares-and-sets, the second half only reads."""
    life, values = int(settings["operations_per_key"] or 1), int(settings["values"] or 1)
    kinds = [f for f, _ in WRITER_MIX]
    weights = [weight for _, weight in WRITER_MIX]

    def operation(context: Context) -> Operation:
        at = place(context, size, life)
        draws = context.draws
        f = READ if at.reader else draws.weighted(kinds, weights)
        if f == WRITE:
            return Operation(WRITE, draws.below(values), at.key)
        if f == CAS:
            return Operation(CAS, (draws.below(values), draws.below(values)), at.key)
        return Operation(READ, None, at.key)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Every key once more, when everything is healed: what was acknowledged and is gone now shows itself."""
    return deal([Operation(READ, None, key) for key in latest(history)])


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """One judge: linearizability of a register with compare-and-set, key by key."""
    return (Linearizability(MODELS["cas-register"].make({"initial": None, "precondition": "drop"})),)


REGISTER = Workload(
    name="register",
    summary="reads, writes and compare-and-sets of independent short-lived keys; linearizable?",
    operations={
        READ: Shape("none", "the value, nil if never written", effects=False),
        WRITE: Shape("the value", "the value"),
        CAS: Shape("[old, new]", "[old, new]"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
