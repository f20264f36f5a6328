"""Workload `members`: every node is asked again and again which nodes are up; in the end all must name those that are.

Operations: `read` of the key `members` (ok value: names of nodes, in order).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.membership import KEY, READ, MembershipCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Generator, limit, on_threads, per_thread, repeat, sleep, then, until_ok
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (Option("settle_seconds", 5.0, "how long nodes have, after healing, until the final reads", least=0),)
MEMBERS = Operation(READ, None, KEY)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Reads through all nodes."""
    return repeat(MEMBERS)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """One read through each node, when detectors have had time."""
    read = then(sleep(float(settings["settle_seconds"] or 0)), until_ok(limit(READ_TRIES, repeat(MEMBERS))))
    return on_threads(range(min(size.nodes, size.concurrency)), per_thread(read))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """All name the same members, and those are up."""
    return (MembershipCheck(float(settings["settle_seconds"] or 0)),)


MEMBERSHIP = Workload(
    name="members",
    summary="which nodes are up, asked of each; do all agree in the end, and are they right?",
    operations={READ: Shape("none", "names of nodes, in order", effects=False)},
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
