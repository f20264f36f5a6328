"""Shrinking of operations on registers that no order explains: fewer of them that none explains either.

For models that are closed under leaving out reads, and under leaving out all writes of a value of a key with all reads
of it: `sequential` and `k-atomicity`. Delta debugging (Zeller & Hildebrandt 2002): halves, quarters, … down to single
values, then reads, then values that nobody reads any more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from splitbrain.checkers.common.findings import SearchStopped
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.harness.budget import Budget, BudgetMeter

ATTEMPT_MAX = 20_000
"""Configurations that one attempt may search."""
ATTEMPTS_MAX = 1_000

Explained = Callable[[list[int], BudgetMeter], bool]
"""Whether some order explains these operations, in order of invocation; SearchStopped if that is not known."""


def shrunk(of: RegisterHistory, ops: Iterable[int], explained: Explained, spending: BudgetMeter) -> list[int]:
    """Some of these operations that no order explains, in order of invocation; all of them where `spending` is over."""
    smaller = _Fewer(sorted(ops), explained, spending)
    smaller.drop(_values(of, smaller.kept))
    smaller.drop([[op] for op in smaller.kept if not of.write[op]])
    smaller.drop(_values(of, smaller.kept))
    return smaller.kept


def _values(of: RegisterHistory, ops: Sequence[int]) -> list[list[int]]:
    """The operations of each value of a key."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for op in ops:
        found[of.key[op], of.value[op]].append(op)
    return list(found.values())


class _Fewer:
    """kept: the operations that are left. left: how many attempts are."""

    def __init__(self, kept: list[int], explained: Explained, spending: BudgetMeter) -> None:
        self.kept, self.explained, self.spending = kept, explained, spending
        self.left = ATTEMPTS_MAX

    def drop(self, units: list[list[int]]) -> None:
        """Leave out what can be of these units, each as a whole."""
        size = len(units)
        while size := size // 2:
            at = 0
            while at < len(units):
                gone = {op for unit in units[at : at + size] for op in unit}
                if self._refuted([op for op in self.kept if op not in gone]):
                    del units[at : at + size]
                else:
                    at += size

    def _refuted(self, ops: list[int]) -> bool:
        """Leave out all but these operations if no order explains them."""
        if not ops or self.left == 0 or self.spending.exhausted():
            return False
        self.left -= 1
        try:
            if self.explained(ops, Budget(self.spending.seconds_left(), ATTEMPT_MAX).start()):
                return False
        except SearchStopped:
            return False
        self.kept = ops
        return True
