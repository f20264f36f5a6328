"""1-atomicity of each key by zones (Gibbons & Korach 1997), with the order that shows it: O(n log n).

The zone of a value is what lies between the first end and the last start among its write and its reads: forward if the
end comes first, else backward. There is an order if and only if no read ends before its write begins, no two forward
zones overlap, and no backward zone lies inside a forward one. It has each write with its reads after it, by a moment of
the zone, its beginning.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import INITIAL, RegisterHistory

try:
    from splitbrain.checkers.staleness import orders_native
except ImportError:  # installed without a C compiler
    orders_native = None  # type: ignore[assignment]

Zone = tuple[int, int, int]
"""First end, last start, and the write, or INITIAL."""


def atomic_orders(
    of: RegisterHistory, refuted: Collection[int] = (), *, compiled: bool = True
) -> dict[int, list[int] | None]:
    """Key → an order of its operations that is linearizable; None if there is none, or where a read's write is not
    forced, so that it is not known. refuted: keys that are known to have none. compiled: whether the compiled twin may
    do the work."""
    found: dict[int, list[int] | None] = dict.fromkeys(refuted)
    if compiled and orders_native is not None:
        passed_over = bytearray(max(of.key, default=0) + 2)
        for key in refuted:
            passed_over[key + 1] = 1
        orders = orders_native.atomic_orders(of.write, of.key, of.source, of.start, of.end, passed_over)
        if orders is not None:
            return orders | found
    for key, zones, readers in _zones(of, frozenset(refuted)):
        order = None if zones is None else _order(zones)
        if order is None:
            found[key] = None
            continue
        placed: list[int] = []
        for write in order:
            if write >= 0:
                placed.append(write)
            if write in readers:
                placed += readers[write]
        found[key] = placed
    return found


def _zones(
    of: RegisterHistory, passed_over: frozenset[int]
) -> Iterator[tuple[int, list[Zone] | None, dict[int, list[int]]]]:
    """Each key with its zones, None if it cannot be decided or a read came too early, and the reads by their write."""
    ends, starts = list(of.end), list(of.start)
    readers: dict[int, dict[int, list[int]]] = defaultdict(dict)
    excluded: set[int] = set()
    for op in of.reads():
        key, source, start, end = of.key[op], of.source[op], of.start[op], of.end[op]
        if key in passed_over:
            continue
        if source < INITIAL or (source >= 0 and end < of.start[source]):
            excluded.add(key)
        of_key = readers[key]
        if source in of_key:
            of_key[source].append(op)
        else:
            of_key[source] = [op]
        if source >= 0:
            ends[source] = min(ends[source], end)
            starts[source] = max(starts[source], start)
    zones: dict[int, list[Zone]] = defaultdict(list)
    for key, of_key in readers.items():
        if INITIAL in of_key:
            zones[key].append((-1, of.start[of_key[INITIAL][-1]], INITIAL))
    for op in of.writes():
        if ends[op] < NEVER and of.key[op] not in passed_over:
            zones[of.key[op]].append((ends[op], starts[op], op))
    for key, found in zones.items():
        yield key, None if key in excluded else found, readers[key]
    yield from ((key, None, {}) for key in excluded - zones.keys())


def _order(zones: Sequence[Zone]) -> list[int] | None:
    """The writes in an order that explains their zones, or None."""
    forward = sorted(zone for zone in zones if zone[0] < zone[1])
    if any(later[0] < earlier[1] for earlier, later in pairwise(forward)):
        return None
    begins = [zone[0] for zone in forward]
    placed = [(end, write) for end, _, write in forward]
    for end, start, write in zones:
        if end < start:
            continue
        at = bisect_right(begins, start) - 1
        if at >= 0 and end < forward[at][1]:
            return None
        placed.append((start, write))
    return [write for _, write in sorted(placed)]
