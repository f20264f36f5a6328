"""Workload `availability`: reads and unique writes of the same few keys through every node, and keys that are written
once.

Every side of a split asks for the same keys, so a side that answers without knowing what the other one wrote shows. A
key that is written once is overwritten by nobody: if its write was acknowledged and the key is empty at the end, the
write was lost.

Of the threads of a node every second one only reads, so that reads and writes are asked for at a pace of their own:
one that waits for an answer does not hold up the other. At the end each key is read through each node, twice: a store
that repairs copies when they are read has repaired them by the second time.

Operations: `write` (value: unique), `read` (ok value: the value, nil if never written).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.generator import Context, Generator, calls, each_until_ok, on_threads, sleep, then
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.keys import used
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("keys", 6, "how many keys all threads share", least=1),
    Option("write_share", 0.6, "share of writes among the operations of threads that do not only read, 0 to 1", most=1),
    Option("once_share", 0.1, "share of writes that go to a key of their own, 0 to 1", most=1),
    Option("settle_seconds", 3.0, "how long copies have, after healing, until the final reads", least=0),
)
ONCE, SHARED = "w", "k"
"""The first letters of keys that are written once, and of those that all threads share."""
ONCE_READ_MAX = 80
"""The number of keys that were written once and are read at the end: the latest ones."""
REPAIR_SECONDS = 1.0
"""The time between the two final rounds of reads."""


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of values that are unique by thread and ordinal, and reads."""
    keys = int(settings["keys"] or 1)
    share, once = float(settings["write_share"] or 0), float(settings["once_share"] or 0)

    def operation(context: Context) -> Operation:
        draws, number = context.draws, size.unique(context.thread, context.ordinal)
        key = f"{SHARED}{draws.below(keys)}"
        only_reads = (context.thread // size.nodes) % 2 == 1
        if only_reads or not draws.chance(share):
            return Operation(READ, None, key)
        return Operation(WRITE, number, f"{ONCE}{number}" if draws.chance(once) else key)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Each shared key and the latest of those written once, through each node, twice, once copies have settled."""
    found = [str(key) for key in used(history)]
    once = [key for key in found if key.startswith(ONCE)][-ONCE_READ_MAX:]
    keys = [*(key for key in found if key.startswith(SHARED)), *once]
    readers = range(min(size.nodes, size.concurrency))
    reads = each_until_ok([Operation(READ, None, key) for key in keys])
    twice = (sleep(float(settings["settle_seconds"] or 0)), reads, sleep(REPAIR_SECONDS), reads)
    return on_threads(readers, then(*twice))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Linearizability of a register, key by key."""
    return (Linearizability(MODELS["register"].make({"initial": None})),)


AVAILABILITY = Workload(
    name="availability",
    summary="reads and unique writes of the same keys through every node; who is served, what is lost?",
    operations=READ_WRITE,
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="linearizable",
    decides=True,
)
