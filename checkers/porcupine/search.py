"""Depth-first search for an order, in Python, for any model: Wing & Gong (1993) with the cache of Lowe (2017).

A configuration is (k, state, mask, used): the first return still owed, the state, the operations open at `k` that are
already linearized (see `window`), and the crashed operations that took effect. The search walks from configuration to
configuration by linearizing one operation, and never enters one twice. What makes it quick, and why it is sound:

- *Pure operations are taken at once* where they match. Any completion u·r·v of the order, r pure and legal here, can be
  rewritten r·u·v: r is invoked already, it is legal in this state, and it changes nothing for u. (Unsound for an
  operation that merely leaves *this* state as it is: `write 1` in state 1 may be needed later.)
- *The operation whose return is next goes first*, then those after which it is legal, then by deadline (the spirit of
  Lowe's just-in-time linearization). An order of trying only.
- *Identical crashed operations are interchangeable*, so they are used in order of invocation: exchanging two of one
  class in an order leaves it legal, and the one invoked earlier may stand wherever the later one may.
- *A crashed operation that leaves the state as it is* need not be taken: the order without it is as legal.
- *Dominance*: a configuration is not entered if one with the same (k, state, mask) and a subset of its crashed
  operations used was entered before. Whatever completes the larger one completes the smaller one, which may use all
  that the larger may. So only configurations minimal in the crashed operations used are kept.

Configurations are compared exactly, never by a hash alone. Pitfall: recursion. A history of a million operations is
a path of a million steps, so the path is a list.
"""

from dataclasses import dataclass, replace

from splitbrain.checkers.porcupine.prepare import OverBudget, Prepared, Problem
from splitbrain.checkers.porcupine.table import NO_STATE, Table
from splitbrain.checkers.porcupine.window import SlotWindow
from splitbrain.harness.budget import GIB, BudgetMeter
from splitbrain.harness.history import ABSENT

CONFIGURATION_BYTES = 300
"""Bytes that one entered configuration holds in memory: its name, its place on the path, its part of the order."""

_LOOK_EVERY = 256
_STATE_BITS = 40
_NONE_USED = (0,)

Configuration = tuple[int, int, int, int]
"""k, state, mask, used."""
Choice = tuple[int, int, int, int, int, int]
"""rank, deadline, operation, its slot as a mask or 0, its place among the crashed as a mask or 0, next state."""
Frame = tuple[Configuration, int, list[Choice] | None]
"""A configuration, how many operations were linearized there, and the ways on that are left, best last; None as long as
only the owed operation was tried."""


@dataclass(frozen=True)
class SearchOutcome:
    """The outcome of a search; operations by their place in the problem.

    linearizable: None if a limit was reached first; stopped: which one, in words, None for the limit of this search
    alone. order: the order found, else the longest one. blocked: if there is no order, the operation that was owed
    when nothing was left to try, and states: all states (of the table) in which it was owed.
    configurations: how many were entered.
    """

    linearizable: bool | None
    order: list[int]
    stopped: str | None = None
    blocked: int = ABSENT
    states: tuple[int, ...] = ()
    configurations: int = 0


def search(problem: Problem, prepared: Prepared, table: Table, spending: BudgetMeter, limit: int) -> SearchOutcome:
    """Decide one problem, entering at most `limit` configurations; what is spent is added to `spending`."""
    try:
        found = _Search(problem, prepared, table, spending)
    except OverBudget as reached:
        return SearchOutcome(None, [], str(reached))
    outcome = found.run(limit)
    found.account()
    return replace(outcome, configurations=found.entered)


class _Search:
    """One search: where it is, where it can go back to, and where it has been."""

    def __init__(self, problem: Problem, prepared: Prepared, table: Table, spending: BudgetMeter) -> None:
        self.kind, self.ret = problem.kind, problem.ret
        self.table, self.spending = table, spending
        self.window = SlotWindow(problem, prepared.pure, spending)
        self.path: list[Frame] = []
        self.order: list[int] = []
        self.invoked = 0
        """The number of operations that are invoked at the current k."""
        self.holder = [ABSENT] * self.window.width
        """The operation in each slot; ABSENT where there is none."""
        self.seen: dict[int, tuple[int, ...]] = {}
        """(k, mask, state) as one integer → the minimal sets of crashed operations used there."""
        self.entered = self.accounted = 0
        self.filled = table.filled
        self.bytes_each = CONFIGURATION_BYTES + len(self.window.crashed) // 8
        self.deepest = ABSENT
        self.states: dict[int, None] = {}
        """The states seen at the deepest k."""
        self.longest: list[int] = []
        self.shared = 0
        """The length of the prefix of the current order with which `longest` begins."""

    def run(self, limit: int) -> SearchOutcome:
        """Walk on while the owed operation is legal, else go back and take another way."""
        returns, bit, kind, step = self.window.returns, self.window.bit, self.kind, self.table.step
        path, order, total = self.path, self.order, len(self.window.returns)
        k = state = mask = used = 0
        while True:
            k, mask = self._settle(k, state, mask)
            if k == total:
                return SearchOutcome(True, order)
            if self._enter(k, state, mask, used):
                if self.entered % _LOOK_EVERY == 0 or self.table.filled != self.filled:
                    stopped = self._over()
                    if stopped is not None:
                        return SearchOutcome(None, self._longest(), stopped)
                if self.entered >= limit:
                    return SearchOutcome(None, self._longest())
                path.append(((k, state, mask, used), len(order), None))
                next_return = returns[k]
                following = step(state, kind[next_return])
                if following != NO_STATE:
                    order.append(next_return)
                    mask |= bit[k]
                    state = following
                    continue
            turned = self._back()
            if turned is None:
                return SearchOutcome(False, self._longest(), None, returns[self.deepest], tuple(self.states))
            k, state, mask, used = turned

    def account(self) -> None:
        """Add what was entered since the last time to the spending."""
        self.spending.configurations += self.entered - self.accounted
        self.accounted = self.entered

    def _settle(self, k: int, state: int, mask: int) -> tuple[int, int]:
        """Pass the returns that are linearized, and take every pure operation that matches: the new k and mask."""
        window, kind, holder, slot = self.window, self.kind, self.holder, self.window.slot
        bit, row = window.bit, self.table.rows[state]
        total = len(bit)
        while True:
            while k < total and mask & bit[k]:
                mask ^= bit[k]
                k += 1
            if k == total:
                return k, mask
            for operation in range(self.invoked, window.called[k]):
                if slot[operation] >= 0:
                    holder[slot[operation]] = operation
            self.invoked = window.called[k]
            matching = window.pure_open[k] & ~mask
            while matching:
                low = matching & -matching
                matching ^= low
                operation = holder[low.bit_length() - 1]
                following = row.get(kind[operation])
                if following is None:
                    following = self.table.fill(state, kind[operation])
                if following != NO_STATE:
                    mask |= low
                    self.order.append(operation)
            if not mask & bit[k]:
                return k, mask

    def _enter(self, k: int, state: int, mask: int, used: int) -> bool:
        """Whether this configuration is new and not dominated; if so it is remembered."""
        if k >= self.deepest:
            if k > self.deepest:
                self.deepest = k
                self.states = {}
            self.states[state] = None
        name = ((k << self.window.width) | mask) << _STATE_BITS | state
        known = self.seen.get(name)
        if known is None:
            self.seen[name] = (used,) if used else _NONE_USED
        else:
            for smaller in known:
                if smaller & used == smaller:
                    return False
            self.seen[name] = (*(larger for larger in known if larger & used != used), used)
        self.entered += 1
        return True

    def _back(self) -> Configuration | None:
        """Go back to the last configuration with a way left, and take it: where that leads, or None."""
        if len(self.order) > len(self.longest):
            self.longest[self.shared :] = self.order[self.shared :]
            self.shared = len(self.longest)
        while self.path:
            configuration, length, choices = self.path.pop()
            if choices is None:
                self._uninvoke(configuration[0])
                choices = self._choices(*configuration)
            if not choices:
                continue
            del self.order[length:]
            self.shared = min(self.shared, length)
            k, _, mask, used = configuration
            self._uninvoke(k)
            _, _, operation, low, crashed, following = choices.pop()
            if choices:
                self.path.append((configuration, length, choices))
            self.order.append(operation)
            return k, following, mask | low, used | crashed
        return None

    def _uninvoke(self, k: int) -> None:
        """Give the slots back to those who held them at an earlier k."""
        slot, before, holder = self.window.slot, self.window.before, self.holder
        for operation in range(self.invoked - 1, self.window.called[k] - 1, -1):
            if slot[operation] >= 0:
                holder[slot[operation]] = before[operation]
        self.invoked = self.window.called[k]

    def _choices(self, k: int, state: int, mask: int, used: int) -> list[Choice]:
        """All ways on from a configuration but the owed operation itself, best last."""
        window, kind, step = self.window, self.kind, self.table.step
        next_return = kind[window.returns[k]]
        out: list[Choice] = []
        possible = window.open[k] & ~mask & ~window.bit[k]
        while possible:
            low = possible & -possible
            possible ^= low
            operation = self.holder[low.bit_length() - 1]
            following = step(state, kind[operation])
            if following != NO_STATE:
                rank = 0 if step(following, next_return) != NO_STATE else 2
                out.append((rank, self.ret[operation], operation, low, 0, following))
        possible = ((1 << window.crashed_called[k]) - 1) & ~used
        while possible:
            low = possible & -possible
            possible ^= low
            place = low.bit_length() - 1
            twin = window.twin[place]
            if twin != ABSENT and not used >> twin & 1:
                continue
            operation = window.crashed[place]
            following = step(state, kind[operation])
            if following not in (NO_STATE, state):
                rank = 1 if step(following, next_return) != NO_STATE else 3
                out.append((rank, 0, operation, 0, low, following))
        out.sort(reverse=True)
        return out

    def _longest(self) -> list[int]:
        if len(self.order) > len(self.longest):
            return self.order
        return self.longest

    def _over(self) -> str | None:
        """The limit of the whole budget that is reached, in words, or None."""
        self.filled = self.table.filled
        self.account()
        allowed = self.spending.budget.bytes
        if self.entered * self.bytes_each + self.table.bytes > allowed:
            return f"the budget of {allowed / GIB:g} GiB of memory was spent"
        return self.spending.exhausted()
