"""Workloads `g-set`, `broadcast`, `g-counter` and `pn-counter`: what replicas merge in their own time.

Everything that was acknowledged has to be there in the end: when nodes have had `converge_seconds` after the last
operation, through every node. Until then reads may miss anything, but never show what nobody added.

Operations: `add` or `broadcast` (value: the element), `increment` (value: the delta), `read` (ok value: all elements,
or the sum).
"""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.checkers.domain.pn_counter import PnCounterCheck
from splitbrain.checkers.domain.sets import ADD, BROADCAST, READ, SetCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, sleep, then
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_through_each_node
from splitbrain.workloads.workload import Size, Workload

READS = Option("read_share", 0.3, "share of reads among the operations of the main phase, 0 to 1", most=1)
CONVERGE = Option("converge_seconds", 5.0, "how long nodes have to converge before they are read for the last time")
DELTA = Option("delta_max", 5, "deltas are drawn from 1 to this", least=1)

INCREMENT, COUNTER_KEY = "increment", "counter"
Update = Callable[[Context, Size, Mapping[str, Setting]], Value]
"""Function that draws the argument of an update."""


def _element(context: Context, size: Size, settings: Mapping[str, Setting]) -> Value:
    return size.unique(context.thread, context.ordinal)


def _delta(context: Context, size: Size, settings: Mapping[str, Setting]) -> Value:
    return 1 + context.draws.below(int(settings["delta_max"] or 1))


def _signed_delta(context: Context, size: Size, settings: Mapping[str, Setting]) -> Value:
    delta = 1 + context.draws.below(int(settings["delta_max"] or 1))
    return -delta if context.draws.chance(0.5) else delta


def workload(
    name: str,
    summary: str,
    update: tuple[str, Update],
    key: Value,
    checker: Callable[[float], Checker],
    options: Sequence[Option] = (),
) -> Workload:
    """The workload of one object that all update and read. update: the operation, and how its argument is drawn.
    checker: made from the seconds that nodes have to converge."""
    f, argument = update
    read = Operation(READ, None, key)

    def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
        share = float(settings["read_share"] or 0)

        def operation(context: Context) -> Operation:
            if context.draws.chance(share):
                return read
            return Operation(f, argument(context, size, settings), key)

        return calls(operation)

    def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
        return then(sleep(float(settings["converge_seconds"] or 0)), read_through_each_node(size, read))

    what = "the delta" if f == INCREMENT else "the element"
    seen = "the sum, nil if never incremented" if f == INCREMENT else "all elements, nil if there are none"
    return Workload(
        name=name,
        summary=summary,
        operations={f: Shape(what, what), READ: Shape("none", seen, effects=False)},
        options=(READS, *options, CONVERGE),
        main=main,
        final=final,
        checkers=lambda settings: (checker(float(settings["converge_seconds"] or 0)),),
    )


G_SET = workload(
    "g-set",
    "adds to a set that replicas merge, read through every node in the end; anything lost?",
    (ADD, _element),
    None,
    lambda seconds: SetCheck(reads="final", after_seconds=seconds),
)
BROADCASTS = workload(
    "broadcast",
    "messages are broadcast to all nodes, which are read in the end; anything lost?",
    (BROADCAST, _element),
    None,
    lambda seconds: SetCheck(reads="final", add=BROADCAST, after_seconds=seconds),
)
G_COUNTER = workload(
    "g-counter",
    "increments of a counter that replicas merge, read through every node in the end; the right sum?",
    (INCREMENT, _delta),
    COUNTER_KEY,
    lambda seconds: PnCounterCheck(after_seconds=seconds),
    (DELTA,),
)
PN_COUNTER = workload(
    "pn-counter",
    "increments and decrements of a counter that replicas merge; the right sum in the end?",
    (INCREMENT, _signed_delta),
    COUNTER_KEY,
    lambda seconds: PnCounterCheck(after_seconds=seconds),
    (DELTA,),
)
