"""Workload `unique-register`: reads, and writes of unique values, of short-lived registers; linearizable key by key.

For stores without compare-and-set. Each value is written once, so a read tells which write it saw, and long histories
are decided quickly.

Operations: `write` (value: unique), `read` (ok value: the value, nil if never written).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_latest_keys
from splitbrain.workloads.keys import assign
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("operations_per_key", 200, "how many operations a key lives for", least=1),
    Option("keys", 0, "how many keys there are, used in turns, so that the store's state ends growing; 0: each is new"),
    Option("write_share", 0.6, "share of writes among the operations of threads that do not only read, 0 to 1", most=1),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of values that are unique by thread and ordinal, and reads, of short-lived keys."""
    life, share = int(settings["operations_per_key"] or 1), float(settings["write_share"] or 0)
    keys = int(settings["keys"] or 0)

    def operation(context: Context) -> Operation:
        at = assign(context, size, life)
        key = f"k{at.number % keys}" if keys else at.key
        if not at.reader and context.draws.chance(share):
            return Operation(WRITE, size.unique(context.thread, context.ordinal), key)
        return Operation(READ, None, key)

    return calls(operation)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Linearizability of a register, key by key."""
    return (Linearizability(MODELS["register"].make({"initial": None})),)


UNIQUE_REGISTER = Workload(
    name="unique-register",
    summary="reads and unique writes of independent short-lived keys; linearizable?",
    operations=READ_WRITE,
    options=OPTIONS,
    main=main,
    final=read_latest_keys,
    checkers=checkers,
    model="linearizable",
    decides=True,
)
