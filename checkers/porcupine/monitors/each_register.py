"""Monitor of several registers at once, which can only refute: each register by itself is one whose writes are all
different.

Take a legal order of the whole, and in it only the operations on one register, as what they do to this one: it is a
legal order of a register. So if `zones` refutes a register, the whole is not linearizable. A transaction that reads the
register and writes it counts as its write alone, of which less is asked.

A core is the operations of the register that contradict each other, and with each of them all that may have left what
it saw in other registers, so that no value is there of which the write is missing.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.checkers.porcupine.monitors.zones import clustered, decided
from splitbrain.checkers.porcupine.prepare import Problem
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.traces import traces_of, with_sources


def each_register(case: MonitorInput, initial: Hashable) -> Decision | None:
    """Registers of which each is a history that `zones` decides. initial: what they begin with."""
    traces = traces_of(case.model, case.problem, case.prepared)
    touched: dict[Hashable, list[tuple[int, bool, Hashable]]] = defaultdict(list)
    for operation, kind in enumerate(case.problem.kind):
        left, seen = traces[kind].left, traces[kind].seen
        for register, value in left.items():
            touched[register].append((operation, True, value))
        for register, value in seen.items():
            if register not in left:
                touched[register].append((operation, False, value))
    for operations in touched.values():
        core = _contradiction(case.problem, operations, initial)
        if core:
            return refuted(with_sources(case.problem, traces, core))
    return None


def _contradiction(
    problem: Problem, operations: Sequence[tuple[int, bool, Hashable]], initial: Hashable
) -> Sequence[int]:
    """Operations on one register that contradict each other; none if it is right, or if its values repeat."""
    part = subproblem(problem, (operation for operation, _, _ in operations))
    clusters = clustered([(is_write, value) for _, is_write, value in operations], part, [initial])
    decision = None if clusters is None else decided(clusters, part)
    return [] if decision is None or decision.order is not None else [operations[place][0] for place in decision.core]
