"""k-atomicity (Aiyer, Alvisi, Bazzi 2005): some order of the operations of each key respects real time and lets each
read return one of the last k values written before it.

A key that is 1-atomic by its zones is k-atomic for every k, by the same order (see `atomic`). A read that k writes
stand before for certain, after the write that it returned, needs more: that gives a least k without a search. Whether
it suffices for the other keys, a search says: depth first, with a choice only where writes overlap. The initial value
is written before all others. A write of unknown outcome may be left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.findings import SearchStopped
from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.staleness.atomic import atomic_orders
from splitbrain.checkers.staleness.reads import stale_reads, versions_behind
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT

try:
    from splitbrain.checkers.staleness import k_order_native
except ImportError:  # installed without a C compiler
    k_order_native = None  # type: ignore[assignment]

LOOK_EVERY = 256
STEP = 65_536
"""Operations that the compiled search places between two looks at the budget."""
MEMORY_K_MAX = 64
"""The largest k for which states that led nowhere are remembered: what is kept of one grows with k."""


@dataclass(frozen=True)
class SmallestK:
    """k: the smallest that explains the history, None if none does or it is not known. least: k is at least that.
    order: of all operations, by number, for k. doubt: why k is not known. impossible: a read that no k explains."""

    k: int | None
    least: int
    order: tuple[int, ...] = ()
    doubt: str | None = None
    impossible: int | None = None
    worst: int | None = None
    """A read that needs `least`."""
    unexplained: tuple[int, ...] = ()
    """The operations of a key that no order explains with the k that was asked for."""


def smallest_k(registers: RegisterHistory, most: int | None, spending: BudgetMeter) -> SmallestK:
    """The smallest k up to `most`, or any if that is None."""
    impossible = next((found.read for found in stale_reads(registers) if found.newer == ABSENT), None)
    if impossible is not None:
        return SmallestK(None, 1, impossible=impossible)
    behind = versions_behind(registers)
    worst = max(behind, key=lambda op: (behind[op], -op), default=None)
    least = 1 + (behind[worst] if worst is not None else 0)
    atomic = atomic_orders(registers, {registers.key[read] for read in behind})
    order = [op for key in sorted(atomic) for op in atomic[key] or ()]
    keys = _searched(registers, {key for key, found in atomic.items() if found is None})
    k = least
    limit = most if most is not None else max(map(len, keys.values()), default=least) + 1
    if k > limit:
        return SmallestK(None, least, worst=worst)
    for ops in keys.values():
        try:
            found = order_of_key(registers, ops, k, spending)
            while found is None and k < limit:
                k += 1
                found = order_of_key(registers, ops, k, spending)
        except SearchStopped as stopped:
            return SmallestK(None, k, doubt=f"{stopped}, in the search for an order with k={k}", worst=worst)
        if found is None:
            return SmallestK(None, limit + 1, unexplained=tuple(ops))
        order += found
    return SmallestK(k, least, tuple(order), worst=worst)


def _searched(registers: RegisterHistory, among: set[int]) -> dict[int, list[int]]:
    """The operations of these keys, without writes of unknown outcome that no read can have seen."""
    if not among:
        return {}
    key, value, end = registers.key, registers.value, registers.end
    latest: dict[tuple[int, int], int] = {
        (key[op], value[op]): -1 for op in registers.writes() if end[op] == NEVER and key[op] in among
    }
    for op in registers.reads() if latest else ():
        at = (key[op], value[op])
        if at in latest and latest[at] < end[op]:
            latest[at] = end[op]
    keys: dict[int, list[int]] = {of_key: [] for of_key in key if of_key in among}
    for op, of_key in enumerate(key):
        if of_key in among and (end[op] < NEVER or latest[of_key, value[op]] > registers.start[op]):
            keys[of_key].append(op)
    return keys


def order_of_key(
    registers: RegisterHistory, ops: Sequence[int], k: int, spending: BudgetMeter, *, compiled: bool = True
) -> list[int] | None:
    """An order of the operations of one key, in order of invocation, that shows k-atomicity, or None if there is none;
    SearchStopped if that is not known. compiled: whether the compiled twin may do the work."""
    if not compiled or k_order_native is None:
        return KeySearch(registers, ops, k, spending).order()
    search = k_order_native.NativeKeySearch(
        ops, registers.start, registers.end, registers.value, registers.write, registers.initial, k
    )
    while (code := search.step(STEP)) == k_order_native.MORE:
        spending.configurations += STEP
        if limit := spending.exhausted():
            raise SearchStopped(limit)
    if code == k_order_native.UNFIT:
        return KeySearch(registers, ops, k, spending).order()
    return search.order() if code == k_order_native.FOUND else None


class KeySearch:
    """The search for an order of the operations of one key, with one k. ops: in order of invocation.

    first: the first operation that is not placed, by its place in ops. ahead: those after it that are placed, as bits.
    written: the values written so far. window: how often each value stands among the last k of these. unread,
    unwritten: of each value, the reads and the writes that are not placed.
    """

    def __init__(self, registers: RegisterHistory, ops: Sequence[int], k: int, spending: BudgetMeter) -> None:
        self.ops, self.k, self.spending = ops, k, spending
        self.starts = [registers.start[op] for op in ops]
        self.ends = [registers.end[op] for op in ops]
        self.values = [registers.value[op] for op in ops]
        self.writes = [registers.write[op] for op in ops]
        self.first = self.ahead = 0
        self.placed: list[int] = []
        self.written = [registers.initial]
        self.window = Counter(self.written)
        self.unread, self.unwritten = Counter[int](), Counter[int]()
        for value, write in zip(self.values, self.writes, strict=True):
            (self.unwritten if write else self.unread)[value] += 1

    def order(self) -> list[int] | None:
        """An order, or None if there is none; SearchStopped if that is not known."""
        choices: list[tuple[int, int, int, int]] = []
        """The places where the search may go on otherwise: first, ahead, how many operations were placed, and which
        comes next."""
        seen: set[tuple[int, int, tuple[int, ...]]] = set()
        while True:
            candidates = self._candidates()
            if candidates is None:
                return [self.ops[at] for at in self.placed]
            if len(candidates) > 1 and self.k <= MEMORY_K_MAX:
                state = (self.first, self.ahead, tuple(self.written[-self.k :]))
                candidates = () if state in seen else candidates
                seen.add(state)
            for at in candidates[1:]:
                choices.append((self.first, self.ahead, len(self.placed), at))
            if candidates:
                self._place(candidates[0])
            elif choices:
                self.first, self.ahead, count, at = choices.pop()
                while len(self.placed) > count:
                    self._take_back()
                self._place(at)
            else:
                return None

    def _candidates(self) -> Sequence[int] | None:
        """The writes that may come next, what ended first last, once each read that can be placed is: a read changes
        nothing. None if everything that ended is placed."""
        starts, ends, count = self.starts, self.ends, len(self.ops)
        at, owed = self.first, NEVER
        found: list[int] = []
        while at < count and starts[at] <= owed:
            if not self.ahead >> (at - self.first) & 1:
                if not self.writes[at] and self.window[self.values[at]]:
                    self._place(at)
                    at, owed = self.first, NEVER
                    found.clear()
                    continue
                if self.writes[at]:
                    found.append(at)
                owed = min(owed, ends[at])
            at += 1
        if owed == NEVER:
            return None
        found.sort(key=ends.__getitem__)
        if len(self.written) >= self.k:
            dropped = self.written[-self.k]
            if self.window[dropped] == 1 and self.unread[dropped] and not self.unwritten[dropped]:
                return ()  # reads of what any write would drop are still to come
        return (found[0], *reversed(found[1:])) if len(found) > 1 else found

    def _place(self, at: int) -> None:
        self.spending.configurations += 1
        if self.spending.configurations % LOOK_EVERY == 0 and (limit := self.spending.exhausted()):
            raise SearchStopped(limit)
        self.placed.append(at)
        value = self.values[at]
        if self.writes[at]:
            self.written.append(value)
            self.unwritten[value] -= 1
            self.window[value] += 1
            if len(self.written) > self.k:
                self.window[self.written[-self.k - 1]] -= 1
        else:
            self.unread[value] -= 1
        self.ahead |= 1 << (at - self.first)
        while self.ahead & 1:
            self.ahead >>= 1
            self.first += 1

    def _take_back(self) -> None:
        """Undo the last placing, save for `first` and `ahead`."""
        at = self.placed.pop()
        value = self.values[at]
        if self.writes[at]:
            if len(self.written) > self.k:
                self.window[self.written[-self.k - 1]] += 1
            self.written.pop()
            self.unwritten[value] += 1
            self.window[value] -= 1
        else:
            self.unread[value] += 1
