"""SlotWindow of candidates for the next place in an order: all operations invoked before the next return.

Completed operations are taken in order of return. While return `k` is owed, the operations that matter are those open
at that moment; each holds a *slot*, allocated at its invocation and free again at its return, as registers are. So a
set of linearized operations is a mask as wide as the concurrency, however long the history (the configuration of
Lowe 2017, "Testing for linearizability", §3, stored relative to `k`): memory goes with concurrency, not with length.

Pitfall: slots are reused, so a mask means something only together with its `k`.
"""

from array import array

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.prepare import OverBudget, Problem
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT

_LOOK_EVERY = 8192


class SlotWindow:
    """A problem laid out for a search.

    returns: the completed operations in order of return. bit[k]: the slot of the k-th of them, as a mask. called[k]:
    how many operations (in order of invocation) were invoked before return k. pure_open[k], open[k]: masks of the pure
    and of the other operations open at return k. slot: of each operation, ABSENT for a crashed one. before: of each
    completed operation, the one that held its slot before it.
    crashed: the crashed operations in order of invocation; crashed_called[k]: how many of them were invoked before
    return k; twin: of each crashed one, the place in `crashed` of the one before it of the same class, or ABSENT.
    Making one takes time: OverBudget when that is spent.
    """

    __slots__ = (
        "before", "bit", "called", "crashed", "crashed_called", "open", "pure_open", "returns", "slot", "twin", "width",
    )  # fmt: skip

    def __init__(self, problem: Problem, pure: bytearray, spending: BudgetMeter) -> None:
        n = len(problem)
        kind, call, ret = problem.kind, problem.call, problem.ret
        completed = [op for op in range(n) if ret[op] != NEVER]
        completed.sort(key=ret.__getitem__)
        self.returns = array("q", completed)
        self.called, self.crashed_called = array("q"), array("q")
        self.bit: list[int] = []
        self.open: list[int] = []
        self.pure_open: list[int] = []
        self.slot = array("i", [ABSENT]) * n
        self.before = array("q", [ABSENT]) * n
        self.crashed: list[int] = []
        self.twin: list[int] = []
        latest: dict[int, int] = {}
        holder: list[int] = []
        free: list[int] = []
        is_open = pure_open = 0
        op = 0
        for k, returned in enumerate(completed):
            if k % _LOOK_EVERY == 0 and (limit := spending.exhausted()):
                raise OverBudget(limit)
            moment = ret[returned]
            while op < n and call[op] < moment:
                if ret[op] == NEVER:
                    self.twin.append(latest.get(kind[op], ABSENT))
                    latest[kind[op]] = len(self.crashed)
                    self.crashed.append(op)
                else:
                    if not free:
                        free.append(len(holder))
                        holder.append(ABSENT)
                    slot = free.pop()
                    self.slot[op] = slot
                    self.before[op] = holder[slot]
                    holder[slot] = op
                    if pure[kind[op]]:
                        pure_open |= 1 << slot
                    else:
                        is_open |= 1 << slot
                op += 1
            slot = self.slot[returned]
            self.bit.append(1 << slot)
            self.called.append(op)
            self.crashed_called.append(len(self.crashed))
            self.open.append(is_open)
            self.pure_open.append(pure_open)
            is_open &= ~(1 << slot)
            pure_open &= ~(1 << slot)
            free.append(slot)
        self.width = len(holder)
