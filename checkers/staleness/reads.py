"""Regular and safe registers with several writers, and how stale each read was.

A write is superseded at a read if another write of its key began after it had ended, and ended before the read began.

    regular   a read returns a write that began before the read ended and is not superseded, or the initial value if no
              write ended before the read began: MWRegWeak of Shao, Welch, Pierce, Lee: Multiwriter Consistency
              Conditions for Shared Memory RegisterHistory (SIAM J. Computing 2011)
    safe      the same of reads that overlap with no write of their key

Each read is judged by itself, so that writes need not be unique, and a write of unknown outcome, which may end at any
time, supersedes nothing. O(n log n).
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import INITIAL, THIN_AIR, RegisterHistory
from splitbrain.harness.history import ABSENT
from splitbrain.harness.operation import Value

BEGINNING = -1
"""Where the initial value was written: before everything."""


@dataclass(slots=True)
class KeyHistory:
    """The writes of one key. ends: of those that ended, in order; latest: of each prefix of these the one that began
    last, by number. ended: these, in order of their end. starts: of all, in order."""

    ended: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    latest: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)


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


def by_key(registers: RegisterHistory) -> dict[int, KeyHistory]:
    """The operations of each key. All writes that happened or may have count."""
    found: dict[int, KeyHistory] = defaultdict(KeyHistory)
    ended: dict[int, list[int]] = defaultdict(list)
    for op, write in enumerate(registers.write):
        of_key = found[registers.key[op]]
        if not write:
            of_key.reads.append(op)
            continue
        of_key.starts.append(registers.start[op])
        if registers.end[op] < NEVER:
            ended[registers.key[op]].append(op)
    for key, ops in ended.items():
        ops.sort(key=registers.end.__getitem__)
        found[key].ended = ops
        found[key].ends = [registers.end[op] for op in ops]
        found[key].latest = list(accumulate(ops, max))
    return found


def stale_reads(registers: RegisterHistory) -> Iterator[StaleRead]:
    """Each read that is not regular, key by key."""
    for key, of_key in by_key(registers).items():
        for read in of_key.reads:
            start, end = registers.start[read], registers.end[read]
            before = bisect_left(of_key.ends, start)
            newest = of_key.latest[before - 1] if before else ABSENT
            newest_start = registers.start[newest] if before else BEGINNING
            candidates = registers.candidates.get((key, registers.value[read]), [])
            if any(registers.start[w] < end and registers.end[w] >= newest_start for w in candidates):
                continue
            if registers.value[read] == registers.initial and not before:
                continue
            overlapped = bisect_left(of_key.starts, end) > before
            returned, newer = THIN_AIR, ABSENT
            possible = [w for w in candidates if registers.start[w] < end]
            if possible:
                returned, newer = max(possible, key=registers.end.__getitem__), newest
            elif registers.value[read] == registers.initial:
                returned, newer = INITIAL, newest
            elif candidates:
                returned = candidates[0]
            yield StaleRead(read, returned, newer, overlapped)


def versions_behind(registers: RegisterHistory) -> dict[int, int]:
    """By how many versions each read was stale, at least: how many writes of its key began after the one that it
    returned had ended, and ended before the read began. Of several writes that it may have returned, the newest counts.
    Reads of what nobody had written before they ended are left out."""
    out: dict[int, int] = {}
    for key, of_key in by_key(registers).items():
        ended = [(registers.end[op], registers.start[op]) for op in of_key.ended]
        begun: list[int] = []
        at = 0
        for read in sorted(of_key.reads, key=registers.start.__getitem__):
            while at < len(ended) and ended[at][0] < registers.start[read]:
                insort(begun, ended[at][1])
                at += 1
            candidates = registers.candidates.get((key, registers.value[read]), [])
            ends = [registers.end[w] for w in candidates if registers.start[w] < registers.end[read]]
            if registers.value[read] == registers.initial:
                ends.append(BEGINNING)
            if ends:
                out[read] = len(begun) - bisect_right(begun, max(ends))
    return out


def newer_writes(registers: RegisterHistory, read: int) -> list[int]:
    """The writes that `versions_behind` counts of one read."""
    key, end = registers.key[read], registers.end[read]
    candidates = registers.candidates.get((key, registers.value[read]), [])
    ends = [registers.end[w] for w in candidates if registers.start[w] < end]
    over = max([*ends, BEGINNING])
    return [
        op
        for op, write in enumerate(registers.write)
        if write and registers.key[op] == key
        if registers.start[op] > over and registers.end[op] < registers.start[read]
    ]


def distribution(registers: RegisterHistory) -> dict[str, Value]:
    """How stale the reads were, at least: share of stale reads; versions and milliseconds behind, of all reads."""
    behind = versions_behind(registers)
    if not behind:
        return {}
    stale = sum(count > 0 for count in behind.values())
    out: dict[str, Value] = {"reads": len(behind), "stale": stale, "share": stale / len(behind)}
    out["versions"] = _summary(sorted(behind.values()))
    if registers.history.timed:
        late = dict.fromkeys(behind, 0.0) | {op: since for op, since in _milliseconds(registers) if op in behind}
        out["milliseconds"] = _summary(sorted(late.values()))
    return out


def _milliseconds(registers: RegisterHistory) -> Iterator[tuple[int, float]]:
    """Each stale read with the time since what it returned was first superseded."""
    time = registers.history.time
    first: dict[int, tuple[list[int], list[int]]] = {}
    written = by_key(registers)
    for stale in stale_reads(registers):
        if stale.newer == ABSENT or stale.returned == THIN_AIR:
            continue
        key = registers.key[stale.read]
        if key not in first:
            ops = sorted(written[key].ended, key=registers.start.__getitem__)
            ends = list(accumulate((registers.end[op] for op in reversed(ops)), min))[::-1]
            first[key] = ([registers.start[op] for op in ops], ends)
        starts, ends = first[key]
        over = BEGINNING if stale.returned == INITIAL else registers.end[stale.returned]
        at = ends[bisect_right(starts, over)]
        yield stale.read, (time[registers.start[stale.read]] - time[at]) / 1e6


def _summary(values: list[int] | list[float]) -> dict[str, Value]:
    last = len(values) - 1
    return {"p50": values[last // 2], "p99": values[-(-last * 99 // 100)], "max": values[-1]}
