"""Monitor of counters that only go up: the reads are ordered by what they saw, and between two of them stand adds of
exactly the difference.

Every delta is above 0, so in a legal order a read of more comes later, and reads of one value stand together. What is
left to choose is which adds stand between two values. A configuration is the values passed and the adds that took
effect; between two values:

- Adds that returned before the second value can be reached must stand there. The rest of the difference is made of
  adds that are open then, those with the fewest crashed ones first: a crashed add that is not used may be used later,
  and one that returns has to be used soon.
- Everything takes effect as early as it can: no sooner than what stands before it, and than it was invoked; that must
  be before it returned. With the order fixed, no other choice does better (see `monitor.ForcedSchedule`).

What was tried is remembered. Where nothing is left to try, and at no value were there more choices than are looked at,
there is no order: all that was invoked before the last value tried was read is a core. A read that saw less than what
had been added before it, or more than could have been, is told at once. Pitfall: subset sum. Where dozens of adds of
any size crashed, the choices are too many to try all, and only an order can be found.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.checkers.porcupine.monitors.subset_sums import StepMeter, SubsetSums
from splitbrain.harness.history import Interner

CONFIGURATIONS_MAX = 100_000
STEPS_MAX = 20_000
"""Steps of the search for the adds between two values, from one configuration."""
SUM_MAX = 1_000_000
"""The largest difference between two values that is made of adds."""
_LOOK_EVERY = 64


class _Value(NamedTuple):
    """A value that was read: by which reads, in order of invocation, how much more it is than the one before, when the
    last of them was invoked, and when the first of them returned."""

    reads: tuple[int, ...]
    more: int
    begin: int
    end: int


class _Stand(NamedTuple):
    """A configuration: how many values are passed, the moment, and the adds used that may still be open."""

    passed: int
    moment: int
    used: frozenset[int]


def counter_reads(case: MonitorInput) -> Decision | None:
    """A counter whose deltas are whole numbers above 0."""
    initial = case.model.initial
    if type(initial) is not int:
        return None

    def meaning(call: Call, pool: Interner) -> tuple[bool, int] | None:
        del pool
        number = call.result if call.f == "read" else call.argument
        if type(number) is not int or (call.f == "add" and number <= 0):
            return None
        return call.f == "read", number

    found = case.meanings(meaning)
    if found is None:
        return None
    adds = {n: number for n, (is_read, number) in enumerate(found) if not is_read}
    reads = {n: number - initial for n, (is_read, number) in enumerate(found) if is_read}
    if not adds or not reads:
        return None
    return _out_of_bounds(case, adds, reads) or _SumSearch(case, adds, reads).decided()


def _out_of_bounds(case: MonitorInput, adds: dict[int, int], reads: dict[int, int]) -> Decision | None:
    """The decision if a read saw less than what was there, or more than what could be there."""
    call, ret = case.problem.call, case.problem.ret
    returned = _Sums(sorted((ret[n], delta) for n, delta in adds.items() if ret[n] != NEVER))
    invoked = _Sums(sorted((call[n], delta) for n, delta in adds.items()))
    for read, value in reads.items():
        if value < returned.before(call[read]):
            return refuted([read, *(n for n in adds if ret[n] < call[read])])
        if value > invoked.before(ret[read]):
            return refuted([read, *(n for n in adds if call[n] < ret[read])])
    return None


class _Sums:
    """Sums of deltas up to a moment."""

    def __init__(self, deltas: Sequence[tuple[int, int]]) -> None:
        self._moments = [moment for moment, _ in deltas]
        self._sums = [0]
        for _, delta in deltas:
            self._sums.append(self._sums[-1] + delta)

    def before(self, moment: int) -> int:
        """The sum of those before a moment."""
        return self._sums[bisect_left(self._moments, moment)]


class _Plan(NamedTuple):
    """A moment for a value, the adds that must stand before it then, how many of these crashed, and the sets of others
    that make up the rest."""

    moment: int
    needed: tuple[int, ...]
    crashed: int
    sums: SubsetSums


class _SumSearch:
    """The search for the adds between each two values."""

    def __init__(self, case: MonitorInput, adds: dict[int, int], reads: dict[int, int]) -> None:
        self.case, self.adds = case, adds
        self.call, self.ret = case.problem.call, case.problem.ret
        self.by_call = sorted(adds, key=self.call.__getitem__)
        self.values: list[_Value] = []
        by_value: dict[int, list[int]] = {}
        for read, value in reads.items():
            by_value.setdefault(value, []).append(read)
        before = 0
        for value, those in sorted(by_value.items()):
            begin, end = max(self.call[n] for n in those), min(self.ret[n] for n in those)
            self.values.append(_Value(tuple(sorted(those, key=self.call.__getitem__)), value - before, begin, end))
            before = value
        self.cut = False
        self.latest = 0

    def decided(self) -> Decision | None:
        """The order, or a core; None where not all was tried."""
        if self.values[0].more < 0:
            return refuted(self.values[0].reads)
        if max(value.more for value in self.values) > SUM_MAX:
            return None
        entered: set[_Stand] = set()
        start = _Stand(0, -1, frozenset())
        path: list[Iterator[tuple[tuple[int, ...], _Stand]]] = [self._choices(start)]
        chosen: list[tuple[int, ...]] = []
        while path:
            step = next(path[-1], None)
            if step is None:
                path.pop()
                del chosen[len(path) - 1 if path else 0 :]
                continue
            adds, stand = step
            del chosen[len(path) - 1 :]
            chosen.append(adds)
            if stand.passed == len(self.values):
                tail = self._tail(stand, chosen)
                if tail is not None:
                    return Decision(self._order(chosen, tail))
                continue
            if stand in entered:
                continue
            entered.add(stand)
            if len(entered) > CONFIGURATIONS_MAX:
                return None
            if len(entered) % _LOOK_EVERY == 0 and self.case.spending.exhausted():
                return None
            path.append(self._choices(stand))
        return None if self.cut else refuted(self._core())

    def _core(self) -> Iterator[int]:
        """All adds invoked before the latest value tried was read, and the reads that returned by then."""
        for number, call in enumerate(self.call):
            if call < self.latest and (number in self.adds or self.ret[number] <= self.latest):
                yield number

    def _choices(self, stand: _Stand) -> Iterator[tuple[tuple[int, ...], _Stand]]:
        """The adds that may stand before the next value, and the configuration after it."""
        value = self.values[stand.passed]
        least = max(stand.moment, value.begin)  # no add stands among the reads of one value
        self.latest = max(self.latest, *(self.ret[n] for n in value.reads))
        if stand.moment >= value.end:
            return
        able = [n for n in self.by_call if self.call[n] < value.end and self._unused(n, stand)]
        plans = [self._plan(stand, able, last) for last in (-1, *(n for n in able if self.call[n] > least))]
        meter = StepMeter(STEPS_MAX)
        for crashed in range(sum(self.ret[n] == NEVER for n in able) + 1):
            for plan in plans:
                for more in plan.sums.sets(crashed - plan.crashed, meter) if crashed >= plan.crashed else ():
                    adds = (*plan.needed, *more)
                    if not self._late((*adds, *value.reads), stand.moment, len(adds)):
                        used = frozenset(n for n in stand.used.union(adds) if self.ret[n] > plan.moment)
                        yield adds, _Stand(stand.passed + 1, plan.moment, used)
                if meter.left < 0:
                    self.cut = True
                    return

    def _plan(self, stand: _Stand, able: Sequence[int], last: int) -> _Plan:
        """The plan for the next value where this add is the last one invoked before it, or, of -1, where all were
        invoked before its last read."""
        value = self.values[stand.passed]
        moment = self.call[last] if last >= 0 else max(stand.moment, value.begin)
        needed = tuple(n for n in able if self.ret[n] < moment or n == last)
        open_then = [n for n in able if self.call[n] < moment <= self.ret[n]]
        soon = sorted((n for n in open_then if self.ret[n] != NEVER), key=self.ret.__getitem__)
        spare = [n for n in open_then if self.ret[n] == NEVER]
        wanted = value.more - sum(map(self.adds.__getitem__, needed))
        crashed = int(last >= 0 and self.ret[last] == NEVER)
        return _Plan(moment, needed, crashed, SubsetSums(self.adds, soon, spare, wanted))

    def _unused(self, add: int, stand: _Stand) -> bool:
        """Whether an add may still take effect: one that returned before this moment has been used."""
        return add not in stand.used and self.ret[add] > stand.moment

    def _late(self, operations: Sequence[int], moment: int, adds: int) -> bool:
        """Whether operations, each as early as it can be, the first `adds` of them before the others, come after the
        return of one of them."""
        for part in (operations[:adds], operations[adds:]):
            for operation in sorted(part, key=self.call.__getitem__):
                moment = max(moment, self.call[operation])
                if moment >= self.ret[operation]:
                    return True
        return False

    def _tail(self, stand: _Stand, chosen: Sequence[tuple[int, ...]]) -> list[int] | None:
        """The adds after the last value; None if one of them returned before."""
        used = {add for adds in chosen for add in adds}
        tail = [n for n in self.by_call if n not in used and self.ret[n] != NEVER]
        if self._late(tail, stand.moment, len(tail)):
            self.latest = NEVER
            return None
        return tail

    def _order(self, chosen: Sequence[tuple[int, ...]], tail: Sequence[int]) -> list[int]:
        out: list[int] = []
        for adds, value in zip(chosen, self.values, strict=True):
            out += [*sorted(adds, key=self.call.__getitem__), *value.reads]
        return out + list(tail)
