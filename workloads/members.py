"""Workload `members`: every node is asked again and again which nodes are up; in the end none may go on leaving out
one that is.

Operations: `members` (ok value: names of nodes, in order).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.membership import MEMBERS, MembershipCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Generator, limit, on_threads, per_thread, repeat, sleep, then, until_ok
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (Option("settle_seconds", 5.0, "how long nodes have, after healing, until the final reads", least=0),)
FINAL_READS, APART_SECONDS = 6, 0.5
ASKED = Operation(MEMBERS)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Reads through all nodes."""
    return repeat(ASKED)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Some reads through each node, a moment apart, when detectors have had time."""
    read = until_ok(limit(READ_TRIES, repeat(ASKED)))
    reads = read
    for _ in range(FINAL_READS - 1):
        reads = then(read, then(sleep(APART_SECONDS), reads))
    reads = then(sleep(float(settings["settle_seconds"] or 0)), reads)
    return on_threads(range(min(size.nodes, size.concurrency)), per_thread(reads))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """The check that nobody who answers is left out for good."""
    return (MembershipCheck(float(settings["settle_seconds"] or 0)),)


MEMBERSHIP = Workload(
    name="members",
    summary="which nodes are up, asked of each; is one that is left out for good?",
    operations={MEMBERS: Shape("none", "names of nodes, in order", effects=False)},
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
