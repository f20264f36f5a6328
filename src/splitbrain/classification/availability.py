"""Availability of the sides of fault windows: shares of requests that were answered, by three definitions.

    responded  a node said something, be it that it refuses
    answered   it did what was asked before the fault was healed, however late
    in time    likewise, within the deadline

An operation counts if it was invoked after the grace and so early that its deadline passed before the heal: one that is
answered because of the heal is not answered in spite of the fault. What then still waited was not in time, and says
nothing about whether it would have been answered later (`pending`). Operations of one window are not independent, so
intervals take the windows as clusters (`results.intervals.clustered`).
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from splitbrain.classification.healthy import UNKNOWN_SHARE, HealthyShares, least
from splitbrain.classification.windows import KINDS, FaultWindow, RequestEnd, ServiceRequest

DEADLINE_MIN_NS = 1_000_000_000
DEADLINE_FACTOR = 10
"""Multiple of the healthy p99 that is the deadline, at least DEADLINE_MIN_NS."""
USEFUL_NS = 3_000_000_000
"""The part of a window in which operations count, if it is long enough for that."""


@dataclass(frozen=True)
class ServiceTally:
    """Requests of one kind at one node in one window, counted by how they ended."""

    asked: int = 0
    responded: int = 0
    answered: int = 0
    in_time: int = 0
    refused: int = 0
    timed_out: int = 0
    unknown: int = 0
    pending: int = 0

    def __add__(self, other: "ServiceTally") -> "ServiceTally":
        return ServiceTally(*(mine + its for mine, its in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, ...]:
        """The fields, in order."""
        return (
            self.asked, self.responded, self.answered, self.in_time, self.refused, self.timed_out, self.unknown,
            self.pending,
        )  # fmt: skip

    @property
    def share(self) -> float:
        """The share answered in time; NaN where nothing was asked."""
        return self.in_time / self.asked if self.asked else math.nan


def deadline(healthy_p99_ns: float | None) -> int:
    """The deadline of an operation, by the healthy latency; the shortest one where that is unknown."""
    return max(DEADLINE_MIN_NS, math.ceil(DEADLINE_FACTOR * (healthy_p99_ns or 0)))


def failovers(window: FaultWindow, healthy: HealthyShares) -> Mapping[tuple[str, str, str], int]:
    """(side, node, kind) → nanoseconds from the beginning until a node served, while the fault lasted: it answered an
    operation that was invoked there since then, and as many as one that serves (see `healthy`) of those of the
    USEFUL_NS, or half of the window, from that one on; only what that one took if none before it had failed. Without
    nodes that never served so long.

    Pitfall: one answer is no failover. A coordinator that picks at random whom to ask gets an answer now and then from
    the first moment on, and serves once it has learnt who is cut off.
    """
    asked: dict[tuple[str, str, str], list[ServiceRequest]] = {}
    for request in window.requests:
        side = window.side_of(request.node)
        if side is not None and 0 <= request.at <= window.length:
            asked.setdefault((side, request.node, request.kind), []).append(request)
    found, span = {}, min(USEFUL_NS, window.length // 2)
    for at, requests in asked.items():
        answered = [_answered(request, window.length) for request in requests]
        share = healthy.get(at[1:], UNKNOWN_SHARE).share
        first = _serving_from(requests, answered, span, window.length - span, share)
        if first is not None:
            ended = requests[first].ended or 0
            found[at] = ended if not all(answered[:first]) else ended - requests[first].at
    return found


def _serving_from(
    requests: Sequence[ServiceRequest], answered: Sequence[bool], span: int, latest: int, healthy: float
) -> int | None:
    """The position of the first request that is answered, as are enough of those of the span from its instant on. None
    if that is none until the latest time. healthy: the share that is answered without faults."""
    times, total = [request.at for request in requests], [0, *accumulate(answered)]
    for first, ok in enumerate(answered):
        since, past = bisect_left(times, times[first]), bisect_left(times, times[first] + span)
        needed = least(healthy, past - since) * (past - since)
        if ok and times[first] <= latest and total[past] - total[since] >= needed:
            return first
    return None


def grace(windows: Iterable[FaultWindow], rest_ns: int, healthy: HealthyShares) -> int:
    """The failover time of windows of one kind: the longest time until a node answered again, of those that did so
    early that as much of the window was left, or half of it. Each window is cut by that time, so a node that came back
    later counts as not answering."""
    longest = 0
    for window in windows:
        most = window.length - min(rest_ns, window.length // 2)
        longest = max([longest, *(took for took in failovers(window, healthy).values() if took <= most)])
    return longest


def tallies(window: FaultWindow, deadline_ns: int, grace_ns: int) -> Mapping[tuple[str, str, str], ServiceTally]:
    """(side, node, kind) → its tally; of all nodes of all sides, those that nobody asked too."""
    found = {
        (side, node, kind): ServiceTally() for side, nodes in window.sides.items() for node in nodes for kind in KINDS
    }
    last = window.length - deadline_ns
    for request in window.requests:
        side = window.side_of(request.node)
        if side is None or not grace_ns <= request.at <= last or request.kind not in KINDS:
            continue
        waits = request.ended is None or request.ended > window.length
        answer = None if waits else request.answer
        in_time = answer is RequestEnd.OK and request.ended is not None and request.ended - request.at <= deadline_ns
        found[side, request.node, request.kind] += ServiceTally(
            1,
            answer in (RequestEnd.OK, RequestEnd.REFUSED),
            answer is RequestEnd.OK,
            in_time,
            answer is RequestEnd.REFUSED,
            answer is RequestEnd.TIMED_OUT,
            answer is RequestEnd.UNKNOWN,
            answer is None,
        )
    return found


def _answered(request: ServiceRequest, length: int) -> bool:
    """Whether an operation ended ok before the fault was healed."""
    return request.answer is RequestEnd.OK and request.ended is not None and request.ended <= length
