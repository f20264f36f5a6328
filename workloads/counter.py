"""Workload `counter`: increments and reads of one counter; each read lies between the certain and the possible sum.

The bounds take no search, so the counter lives as long as the run, with any number of increments of unknown end.

Pitfall: those widen the bounds for good, so a lost increment is seen only where more is lost than is in doubt, at the
latest by the final reads, one through every node.

Operations: `increment` (value: the delta, negative ones too), `read` (ok value: the sum, nil if never incremented).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.counters import CounterCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_through_each_node
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("read_share", 0.3, "share of reads among the operations, 0 to 1", most=1),
    Option("delta_max", 5, "deltas are drawn from 1 to this", least=1),
    Option("decrements", False, "whether deltas may be negative too"),
)

INCREMENT, READ, KEY = "increment", "read", "counter"


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Increments and reads of one counter."""
    share, greatest = float(settings["read_share"] or 0), int(settings["delta_max"] or 1)
    down = bool(settings["decrements"])

    def operation(context: Context) -> Operation:
        draws = context.draws
        if draws.chance(share):
            return Operation(READ, None, KEY)
        delta = 1 + draws.below(greatest)
        return Operation(INCREMENT, -delta if down and draws.chance(0.5) else delta, KEY)

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """The counter, read through each node."""
    return read_through_each_node(size, Operation(READ, None, KEY))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Every read within its bounds; `unknown` if there was no read."""
    return (CounterCheck(unread="unknown"),)


COUNTER = Workload(
    name="counter",
    summary="increments and reads of one counter; each read within bounds?",
    operations={
        INCREMENT: Shape("the delta", "the delta"),
        READ: Shape("none", "the sum, nil if never incremented", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="linearizable",
)
