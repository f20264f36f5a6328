"""Intervals in which something is certainly inside a container, their gaps, and a short chain of them that fills a
span.

Intervals are half open: [a return, an invocation). Event positions are distinct, so no interval begins where one ends.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Interval = tuple[int, int, int]
"""begin, end, whose."""


class Cover:
    """The union of intervals."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.intervals = sorted(intervals)
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begin, end, _ in self.intervals:
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._begins.append(begin)
                self._ends.append(end)

    def first_gap(self, moment: int) -> int:
        """The first moment from this on that no interval covers."""
        place = bisect_right(self._begins, moment) - 1
        return max(moment, self._ends[place]) if place >= 0 else moment


def chain(intervals: Sequence[Interval], begin: int, end: int) -> list[int]:
    """Owners of intervals that cover all from `begin` to `end`: as few as can be. They must; sorted by begin."""
    out: list[int] = []
    reached, best, whose = begin, begin, -1
    for start, stop, owner in intervals:
        if start > reached:
            out.append(whose)
            reached = best
            if reached > end:
                return out
        if stop > best:
            best, whose = stop, owner
    return [*out, whose]
