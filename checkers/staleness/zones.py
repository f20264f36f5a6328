"""Δ-atomicity by zones (Gibbons & Korach 1997; Golab, Li, Shah 2011): linearizable once each read may have begun Δ
earlier. RegisterHistory with unique writes.

The zone of a value is what lies between the first end and the last start among its write and its reads: forward if the
end comes first, else backward. There is a linearization if and only if no read ends before its write begins, no two
forward zones overlap, and no backward zone lies inside a forward one. Of a larger Δ more histories are, so that the
smallest is found by bisection: O(n log n log time).

Pitfall: two moments of one time. Those of the history are told apart by their position in it, as without Δ; a read that
began earlier by Δ overlaps with what ended at that very time.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import INITIAL, RegisterHistory

Moment = tuple[int, int]
"""Nanoseconds, position."""
AFTER_ALL: Moment = (NEVER, NEVER)
BEFORE_ALL: Moment = (-NEVER, -1)


@dataclass(slots=True)
class ValueZone:
    """A write, or the initial value, and the reads of it. end: the first end among them; started: of the write; last:
    start of the read that began last, None without reads; write: number of the write, or INITIAL."""

    write: int
    end: Moment
    started: Moment
    last: Moment | None = None
    read: int = INITIAL
    """The read that began last."""
    first: int = INITIAL
    """The write or the read that ended first; none of the initial value before it was read."""
    early: int | None = None
    """A read that ended before the write began."""

    def start(self, delta: int) -> Moment:
        """The last start, where reads began so much earlier."""
        if self.last is None:
            return self.started
        return max(self.started, (self.last[0] - delta, -1) if delta else self.last)


def clusters(registers: RegisterHistory) -> list[list[ValueZone]]:
    """The clusters of each key that could refute anything; reads of unforced or no source are left out."""
    time = registers.history.time
    found: dict[int, dict[int, ValueZone]] = defaultdict(dict)
    read = {registers.source[op] for op in registers.judged()}
    for op, write in enumerate(registers.write):
        end = registers.end[op]
        if write and (end < NEVER or op in read):
            begun = (time[registers.start[op]], registers.start[op])
            ended = (time[end], end) if end < NEVER else AFTER_ALL
            found[registers.key[op]][op] = ValueZone(op, ended, begun, first=op)
    for op in registers.judged():
        of_key, source = found[registers.key[op]], registers.source[op]
        if source == INITIAL and INITIAL not in of_key:
            of_key[INITIAL] = ValueZone(INITIAL, BEFORE_ALL, BEFORE_ALL)
        cluster = of_key[source]
        ended = (time[registers.end[op]], registers.end[op])
        begun = (time[registers.start[op]], registers.start[op])
        if ended < cluster.end:
            cluster.end, cluster.first = ended, op
        if ended < cluster.started:
            cluster.early = op
        if cluster.last is None or begun > cluster.last:
            cluster.last, cluster.read = begun, op
    return [list(of_key.values()) for of_key in found.values()]


def conflict(of_key: Sequence[ValueZone], delta: int) -> tuple[ValueZone, ValueZone] | None:
    """Two clusters that no linearization has, with this Δ; None if there is a linearization. None of them may have a
    read that ended before the write began."""
    forward = sorted(((each.end, each.start(delta), each) for each in of_key if each.end < each.start(delta)),
                     key=lambda zone: zone[:2])  # fmt: skip
    for (_, ends, one), (begins, _, other) in pairwise(forward):
        if begins < ends:
            return one, other
    first = [zone[0] for zone in forward]
    for each in of_key:
        start = each.start(delta)
        if start <= each.end:
            at = bisect_right(first, start) - 1
            if at >= 0 and forward[at][0] < start and each.end < forward[at][1]:
                return forward[at][2], each
    return None


def smallest_delta(all_keys: Sequence[Sequence[ValueZone]]) -> int | None:
    """The smallest Δ in nanoseconds; None if a read ended before its write began, which no Δ explains."""
    if any(each.early is not None for of_key in all_keys for each in of_key):
        return None
    least = 0
    for of_key in all_keys:
        if conflict(of_key, least) is None:
            continue
        low, high = least, least + 1
        while conflict(of_key, high) is not None:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if conflict(of_key, middle) is None else (middle, high)
        least = high
    return least
