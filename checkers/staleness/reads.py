"""Regular and safe registers with several writers, and how stale each read was.

A write is superseded at a read if another write of its key began after it had ended, and ended before the read began.

    regular   a read returns a write that began before the read ended and is not superseded, or the initial value if no
              write ended before the read began: MWRegWeak of Shao, Welch, Pierce, Lee: Multiwriter Consistency
              Conditions for Shared Memory Registers (SIAM J. Computing 2011)
    safe      the same of reads that overlap with no write of their key

Each read is judged by itself, so that writes need not be unique, and a write of unknown outcome, which may end at any
time, supersedes nothing. One sweep through time, and O(log n) for each stale read.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import INITIAL, THIN_AIR, RegisterHistory
from splitbrain.harness.history import ABSENT
from splitbrain.harness.operation import Value

WRITTEN = "writes in time"
"""The writes of each key of which a read is stale, among the findings."""

BEGINNING = -1
"""The position of the write of the initial value: before everything."""

OVER_TIME_MAX = 500
"""The number of stale reads that a distribution has one by one."""


@dataclass(frozen=True, slots=True)
class StaleRead:
    """A read that no write which was not superseded explains.

    returned: the write that came closest, INITIAL for the initial value, THIN_AIR for none. newer: a write that
    superseded it, ABSENT where none did, but the read ended before the write began. overlapped: whether the read
    overlaps with a write of its key.
    """

    read: int
    returned: int
    newer: int
    overlapped: bool


@dataclass(slots=True)
class KeyWritesInTime:
    """The writes of one key. ended: those that ended, in order of their end; ends: these; starts: of all, in order."""

    ended: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


def writes_in_time(registers: RegisterHistory, keys: "set[int] | frozenset[int]") -> dict[int, KeyWritesInTime]:
    """The writes of these keys. All that happened or may have count."""
    found: dict[int, KeyWritesInTime] = defaultdict(KeyWritesInTime)
    for op in registers.writes():
        key = registers.key[op]
        if key in keys:
            found[key].starts.append(registers.start[op])
            if registers.end[op] < NEVER:
                found[key].ended.append(op)
    for of_key in found.values():
        of_key.ended.sort(key=registers.end.__getitem__)
        of_key.ends = [registers.end[op] for op in of_key.ended]
    return found


def stale_reads(registers: RegisterHistory) -> list[StaleRead]:
    """Each read that is not regular, in order of invocation; found once."""
    found: list[StaleRead] | None = registers.found.get("stale reads")
    if found is None:
        unexplained = list(_unexplained(registers))
        written = writes_in_time(registers, {registers.key[read] for read, _ in unexplained})
        registers.found[WRITTEN] = written
        found = registers.found["stale reads"] = [_stale(registers, *each, written) for each in unexplained]
    return found


def _unexplained(registers: RegisterHistory) -> Iterator[tuple[int, int]]:
    """Each read that is not regular, with the write that began last of those that had ended before it, or ABSENT.

    Operations are numbered in order of invocation, so that of two writes that with the larger number began later.
    """
    start, end, key, source = registers.start, registers.end, registers.key, registers.source
    ended = sorted((op for op in registers.writes() if end[op] < NEVER), key=end.__getitem__)
    ended.reverse()
    newest: dict[int, int] = {}
    for read in registers.reads():
        began = start[read]
        while ended and end[ended[-1]] < began:
            write = ended.pop()
            if write > newest.get(key[write], ABSENT):
                newest[key[write]] = write
        latest = newest.get(key[read], ABSENT)
        superseded = start[latest] if latest >= 0 else BEGINNING
        seen = source[read]
        if seen >= 0 and start[seen] < end[read] and end[seen] >= superseded:
            continue
        if latest < 0 and registers.value[read] == registers.initial:
            continue
        candidates = registers.candidates.get((key[read], registers.value[read]), ())
        if not any(start[w] < end[read] and end[w] >= superseded for w in candidates):
            yield read, latest


def _stale(registers: RegisterHistory, read: int, newest: int, written: dict[int, KeyWritesInTime]) -> StaleRead:
    key, end = registers.key[read], registers.end[read]
    of_key = written[key]
    overlapped = bisect_left(of_key.starts, end) > bisect_left(of_key.ends, registers.start[read])
    candidates = registers.candidates.get((key, registers.value[read]), [])
    possible = [w for w in candidates if registers.start[w] < end]
    if possible:
        return StaleRead(read, max(possible, key=registers.end.__getitem__), newest, overlapped)
    if registers.value[read] == registers.initial:
        return StaleRead(read, INITIAL, newest, overlapped)
    return StaleRead(read, candidates[0] if candidates else THIN_AIR, ABSENT, overlapped)


def versions_behind(registers: RegisterHistory) -> dict[int, int]:
    """The number of versions by which each stale read was stale, at least: how many writes of its key began after the
    one that it returned had ended, and ended before the read began. Of several writes that it may have returned, the
    newest counts. Reads of what nobody had written before they ended are left out. Found once."""
    known: dict[int, int] | None = registers.found.get("versions behind")
    if known is not None:
        return known
    late = [stale for stale in stale_reads(registers) if stale.newer != ABSENT]
    written: dict[int, KeyWritesInTime] = registers.found[WRITTEN]
    begun: dict[int, list[int]] = defaultdict(list)
    at: dict[int, int] = defaultdict(int)
    out: dict[int, int] = {}
    for stale in late:
        key, began = registers.key[stale.read], registers.start[stale.read]
        until = bisect_left(written[key].ends, began)
        for write in written[key].ended[at[key] : until]:
            insort(begun[key], registers.start[write])
        at[key] = until
        out[stale.read] = len(begun[key]) - bisect_right(begun[key], _over(registers, stale))
    registers.found["versions behind"] = out
    return out


def _over(registers: RegisterHistory, stale: StaleRead) -> int:
    """The end of the write that a stale read returned."""
    return BEGINNING if stale.returned == INITIAL else registers.end[stale.returned]


def newer_writes(registers: RegisterHistory, read: int) -> list[int]:
    """The writes that `versions_behind` counts of one read."""
    stale = next(found for found in stale_reads(registers) if found.read == read)
    key, over = registers.key[read], _over(registers, stale)
    return [
        op
        for op in registers.writes()
        if registers.key[op] == key and registers.start[op] > over and registers.end[op] < registers.start[read]
    ]


def distribution(registers: RegisterHistory) -> dict[str, Value]:
    """The distribution of staleness, at least: share of stale reads; versions and milliseconds behind, of all reads;
    single stale reads over time. Reads of what nobody had written before they ended are left out."""
    stale = stale_reads(registers)
    reads = len(registers.reads()) - sum(found.newer == ABSENT for found in stale)
    if not reads:
        return {}
    behind = list(versions_behind(registers).values())
    out: dict[str, Value] = {"reads": reads, "stale": len(behind), "share": len(behind) / reads}
    out["versions"] = _summary(reads, behind, 0)
    if registers.history.timed:
        late = list(milliseconds_behind(registers))
        out["milliseconds"] = _summary(reads, [since for _, since in late], 0.0)
        out["over_time"] = _thinned([[registers.start[read], since] for read, since in late])
    return out


def _thinned(late: list[list[float]]) -> Value:
    """A sample of stale reads, the stalest of each stretch of time, at most `OVER_TIME_MAX`: index of the invocation,
    milliseconds."""
    step = -(-len(late) // OVER_TIME_MAX) or 1
    return [max(late[at : at + step], key=lambda found: found[1]) for at in range(0, len(late), step)]


def milliseconds_behind(registers: RegisterHistory) -> Iterator[tuple[int, float]]:
    """Each stale read with the time since what it returned was first superseded."""
    time = registers.history.time
    first: dict[int, tuple[list[int], list[int]]] = {}
    late = [stale for stale in stale_reads(registers) if stale.newer != ABSENT]
    written: dict[int, KeyWritesInTime] = registers.found[WRITTEN]
    for stale in late:
        key = registers.key[stale.read]
        if key not in first:
            ops = sorted(written[key].ended)
            ends = list(accumulate((registers.end[op] for op in reversed(ops)), min))[::-1]
            first[key] = ([registers.start[op] for op in ops], ends)
        starts, ends = first[key]
        at = ends[bisect_right(starts, _over(registers, stale))]
        yield stale.read, (time[registers.start[stale.read]] - time[at]) / 1e6


def _summary(reads: int, positive: Sequence[float], zero: float) -> dict[str, Value]:
    """p50, p99 and max of so many reads, of which the others are at zero."""
    ranked, zeros, last = sorted(positive), reads - len(positive), reads - 1
    places = {"p50": last // 2, "p99": -(-last * 99 // 100), "max": last}
    return {name: ranked[place - zeros] if place >= zeros else zero for name, place in places.items()}
