"""Workload `long-fork`: each key is written once; no two reads of a group of keys see two writes in opposite orders.

As Jepsen's `long-fork` (jepsen-io/jepsen, `tests/long_fork.clj`): parallel snapshot isolation lets it happen, prefix
consistency, and so snapshot isolation, does not. The keys of a group are written by neighbouring threads at about the
same time, and all threads read the groups that are being written.

Operations: `txn`, `[["w", key, value]]`, or `[["r", key, null], …]` of all keys of a group in an order drawn by lot.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.long_fork import LongForkCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

TXN = "txn"
OPTIONS = (
    Option("group_size", 2, "how many keys are read together", least=2),
    Option("reads_per_write", 3, "how often a thread reads for each key that it writes", least=1),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Rounds in which a thread writes one key, and reads groups of the same round."""
    width, reads = int(settings["group_size"] or 2), int(settings["reads_per_write"] or 1)

    def operation(context: Context) -> Operation:
        number, place = divmod(context.ordinal, reads + 1)
        own = size.unique(context.thread, number)
        if place == context.thread % 2:
            return Operation(TXN, (("w", own, 1),))
        first = size.unique(context.draws.below(size.concurrency), number) // width * width
        keys = context.draws.shuffled(range(first, first + width))
        return Operation(TXN, tuple(("r", key, None) for key in keys))

    return calls(operation)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Jepsen's check."""
    return (LongForkCheck(int(settings["group_size"] or 2)),)


LONG_FORK = Workload(
    name="long-fork",
    summary="keys are written once and groups of them read; do two reads see two writes in opposite orders?",
    operations={TXN: Shape("micro-operations", "micro-operations with what was read")},
    options=OPTIONS,
    main=main,
    checkers=checkers,
    model="prefix",
)
