"""Workload `register`: reads, writes and compare-and-sets of short-lived registers; linearizable key by key.

Operations whose end is unknown stay concurrent with everything after them, so `operations_per_key` bounds how long a
key lives (`keys.py`).

Operations: `read` (ok value: the value, nil if never written), `write` (value), `cas` (value: `[old, new]`).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.random_stream import log_uniform
from splitbrain.workloads.final import read_latest_keys
from splitbrain.workloads.keys import assign, drawn_life
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("operations_per_key", 200, "how many operations a key lives for", least=1, drawn=drawn_life),
    Option(
        "values",
        5,
        "writes choose among the values 0 up to this, exclusive",
        least=1,
        drawn=lambda draw: round(log_uniform(2, 50)(draw)),
    ),
)

READ, WRITE, CAS = "read", "write", "cas"
READ_WRITE = {
    READ: Shape("none", "the value, nil if never written", effects=False),
    WRITE: Shape("the value", "the value"),
}
"""The operations of registers that every workload of them has."""
WRITER_MIX = ((READ, 0.2), (WRITE, 0.4), (CAS, 0.4))


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Groups of threads, two per node, each group on one key at a time, its own: the first half of a group
    reads, writes and compares-and-sets, the second half only reads."""
    life, values = int(settings["operations_per_key"] or 1), int(settings["values"] or 1)
    kinds = [f for f, _ in WRITER_MIX]
    weights = [weight for _, weight in WRITER_MIX]

    def operation(context: Context) -> Operation:
        at = assign(context, size, life)
        draws = context.draws
        f = READ if at.reader else draws.weighted(kinds, weights)
        if f == WRITE:
            return Operation(WRITE, draws.below(values), at.key)
        if f == CAS:
            return Operation(CAS, (draws.below(values), draws.below(values)), at.key)
        return Operation(READ, None, at.key)

    return calls(operation)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Linearizability of a register with compare-and-set, key by key."""
    return (Linearizability(MODELS["cas-register"].make({"initial": None, "precondition": "drop"})),)


REGISTER = Workload(
    name="register",
    summary="reads, writes and compare-and-sets of independent short-lived keys; linearizable?",
    operations={
        **READ_WRITE,
        CAS: Shape("[old, new]", "[old, new]"),
    },
    options=OPTIONS,
    main=main,
    final=read_latest_keys,
    checkers=checkers,
    model="linearizable",
    decides=True,
)
