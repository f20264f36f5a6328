"""Monitor of counters to which every add adds one: matches adds to places, in O(n log n).

Say the j-th add takes effect at moment p(j). A read of v lies between p(v) and p(v+1). So p(j) is after the invocation
of every read of less than j and before the return of every read of j or more: within [R(j), D(j)], and neither bound
ever falls as j grows. An add that was open from s to e can be the j-th if s ≤ D(j) and R(j) ≤ e: a range of places,
which begins later for a later s and ends later for a later e. Who is the j-th is thus a matching in a convex bipartite
graph, decided by Glover, "Maximum matching in a convex bipartite graph", Naval Res. Logist. Q. 14, 1967: place by
place, of the adds whose range has begun the one whose range ends first, here the one that returned first.

- *Necessary.* In a legal order the j-th add lies within [R(j), D(j)], so the adds in their order are such a matching.
- *Sufficient.* If R(j) ≤ D(j) for all j and there is a matching, the rule finds one. In it no add y that returned
  before x was invoked stands behind x: y's range began no later, so it was there to be taken, and it ends first. Let
  p(j) = max(R(j), all invocations of adds up to the j-th). Then p(j) ≤ D(j), and p(j) is before the return of the j-th
  add, for nobody stands before it that was invoked after that. A read of v goes to max(its invocation, p(v)), which is
  before its return, as p(v) ≤ D(v), and not after p(v+1), as R(v+1) is not.

Pitfall: time must not be swept greedily with an add chosen at each moment; that is wrong, as places and moments move
at different speeds. A crashed add may or may not count: not decided here. Leaving out an add changes what others read,
so nothing can go: the core is everything.
"""

from heapq import heappop, heappush

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed
from splitbrain.harness.history import Interner

_ADD = -1


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def unit_counter(case: MonitorInput) -> Decision | None:
    """A counter that holds an integer, with adds of 1 that say nothing and have not crashed."""
    initial = _integer(case.model.initial)

    def meaning(call: Call, pool: Interner) -> tuple[bool, int] | None:
        """(is it an add, the number read less the initial one)."""
        del pool
        if call.f == "add":
            return (True, 0) if _integer(call.argument) == 1 else None
        seen = None if call.result is UNSEEN else _integer(call.result)
        return None if call.f != "read" or seen is None or initial is None else (False, seen - initial)

    found = case.meanings(meaning)
    if found is None or initial is None:
        return None
    adds = [operation for operation, (is_add, _) in enumerate(found) if is_add]
    if any(crashed(case.problem, operation) for operation in adds):
        return None
    reads = [(value, operation) for operation, (is_add, value) in enumerate(found) if not is_add]
    if any(not 0 <= value <= len(adds) for value, _ in reads):
        return _all(case)
    after, before = _bounds(case, reads, len(adds))
    matched = _matched(case, adds, after, before)
    if matched is None:
        return _all(case)
    reads.sort()
    order: list[int] = []
    following = 0
    for place in range(len(adds) + 1):
        if place:
            order.append(matched[place - 1])
        while following < len(reads) and reads[following][0] == place:
            order.append(reads[following][1])
            following += 1
    return Decision(order)


def _bounds(case: MonitorInput, reads: list[tuple[int, int]], adds: int) -> tuple[list[int], list[int]]:
    """R and D of the places from 1 on; index 0 is not used."""
    call, ret = case.problem.call, case.problem.ret
    after, before = [-1] * (adds + 2), [NEVER] * (adds + 2)
    for value, operation in reads:
        after[value + 1] = max(after[value + 1], call[operation])
        before[value] = min(before[value], ret[operation])
    for place in range(1, adds + 2):
        after[place] = max(after[place], after[place - 1])
    for place in range(adds, -1, -1):
        before[place] = min(before[place], before[place + 1])
    return after, before


def _matched(case: MonitorInput, adds: list[int], after: list[int], before: list[int]) -> list[int] | None:
    """The add of each place, or None if there is no way."""
    call, ret = case.problem.call, case.problem.ret
    ready: list[tuple[int, int]] = []
    out: list[int] = []
    following = 0
    for place in range(1, len(adds) + 1):
        if after[place] > before[place]:
            return None
        while following < len(adds) and call[adds[following]] <= before[place]:
            heappush(ready, (ret[adds[following]], adds[following]))
            following += 1
        if not ready or ready[0][0] < after[place]:
            return None
        out.append(heappop(ready)[1])
    return out


def _all(case: MonitorInput) -> Decision:
    return Decision(core=range(len(case.problem)))
