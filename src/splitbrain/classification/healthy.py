"""Healthy service: the share of its operations that each node answers in time while no fault holds.

What a node does in a window is held against that: it serves if it answers nine in ten of what it answers without
faults. A system that refuses every tenth write for ever, as concurrent lightweight transactions may, refuses nothing
because of a split. Where everything is answered without faults this is nine in ten of all.

The share is measured, so it has bounds, and each verdict takes the one that makes it harder:

    low    the lower bound in the healthy runs; 1 if of many operations none failed. They ask more often than runs with
           splits do, so a share that suffers under load is no smaller there; if it is, in pauses, the lower bound there
    high   the upper bound in the healthy runs or in the pauses of runs with splits (before, between and after them, at
           the same pace), whichever is higher; 1 if nothing was asked in pauses

After a heal a target may need as long as after a split until its members agree again, in which it answers what it can:
of pauses counts what begins a failover after the heal, and at each node after the first that it did since. Else one
that recovers slowly would be said to answer little without faults.

A node serves in a window if it answers SERVED_SHARE of `high`, and does not if it answers less than SERVED_SHARE of
`low`; in both cases less what chance explains in so few operations, which is nothing where all is answered without
faults. In between the window says nothing. Over all windows in which a side served each node has to answer
SERVED_SHARE of `high` without any allowance, and more by what chance explains: so chance hides no node that refuses a
little always.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.registers import READS, WRITES
from splitbrain.classification.windows import KINDS, READ, WRITE
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.results.faults import windows
from splitbrain.results.intervals import Interval, clustered, wilson

SERVED_SHARE = 0.9
"""The part of what a node answers without faults that it answers in time, at least, where it serves."""
HEALTHY_MIN = 0.5
"""The share that a node has to answer without faults: of one that fails more often than not a split shows nothing."""
ENOUGH = 0.95
"""The lower bound from which on, where nothing failed without faults, nothing is taken to fail: 73 operations."""
USUAL = 0.99
"""The healthy share from which on a card says nothing of it."""
CHANCE, SURELY = 2.33, 1.645
"""Standard deviations that a share of one window may fall short by chance, in 1 of 100 windows, and by which the share
of all windows has to be larger, with 95 %."""


@dataclass(frozen=True, slots=True)
class CalmRequest:
    """One operation while no fault held. took: nanoseconds until it ended ok; None if it did not. since, room:
    nanoseconds from the end of the last fault, and until the next one; None if there is none."""

    node: str
    kind: str
    took: int | None
    since: int | None
    room: int | None

    def counts(self, deadline_ns: int, settles_ns: int) -> bool:
        """Whether it was over before the next fault, and does not suffer from the last one any more, if a target
        recovers within the deadline of an operation, or in the time that it takes to settle."""
        over = self.since is None or self.since >= max(deadline_ns, settles_ns)
        return over and (self.room is None or self.room >= deadline_ns)


@dataclass(frozen=True)
class HealthyShare:
    """The share that one node answers in time without faults, of reads or of writes. runs: of the healthy runs, with
    bounds; pauses: of those of runs with splits."""

    runs: Interval
    pauses: Interval

    @property
    def low(self) -> float:
        """The bound by which a node is said not to serve."""
        if self.pauses.whole and self.pauses.high < self.runs.low:
            return self.pauses.low
        everything = self.runs.part == self.runs.whole and self.runs.low >= ENOUGH
        return 1.0 if everything else self.runs.low

    @property
    def high(self) -> float:
        """The bound by which a node is said to serve."""
        return max(self.runs.high, self.pauses.high)

    @property
    def share(self) -> float:
        """The share in the healthy runs; 1 where nothing was asked in them."""
        return self.runs.part / self.runs.whole if self.runs.whole else 1.0

    def served(self, in_time: int, asked: int) -> bool | None:
        """Whether a node that answered so many of so many serves; None if that cannot be told."""
        if in_time >= least(self.high, asked) * asked:
            return True
        return False if in_time < least(self.low, asked) * asked else None

    def surely_served(self, in_time: int, asked: int) -> bool:
        """Whether over many windows the share is that of a node that serves, beyond chance."""
        return in_time >= (SERVED_SHARE * self.high + SURELY * _deviation(self.high, asked)) * asked


UNKNOWN_SHARE = HealthyShare(Interval(0, 0, 0.0, 1.0), Interval(0, 0, 0.0, 1.0))
HealthyShares = Mapping[tuple[str, str], HealthyShare]
"""(node, kind) → its share."""


def least(healthy: float, asked: int) -> float:
    """The share of so many operations that a node with this healthy share answers, at least, where it serves."""
    return max(0.0, SERVED_SHARE * healthy - CHANCE * _deviation(healthy, asked))


def _deviation(share: float, asked: int) -> float:
    return math.sqrt(share * (1 - share) / asked) if asked else 0.0


def calm_requests(history: History) -> tuple[CalmRequest, ...]:
    """The reads and writes of the main phase of a history of registers that were invoked while no fault held."""
    operations, values, time = history.operations(), history.pool.values, history.time
    names = {f: str(values[f]) for f in set(operations.f)}
    kinds = {f: READ if name in READS else WRITE for f, name in names.items() if name in READS or name in WRITES}
    rows = [(time[invoke], row) for row, invoke in enumerate(operations.invoke) if operations.f[row] in kinds]
    last = max((at for at, row in rows if kinds[operations.f[row]] == WRITE), default=-1)
    faults, found = [(one.start_ns, one.stop_ns) for one in windows(history)], list[CalmRequest]()
    for at, row in rows:
        if at > last or any(start <= at <= stop for start, stop in faults):
            continue
        node, complete = history.node[operations.invoke[row]], operations.complete[row]
        took = time[complete] - at if operations.ended[row] == EventType.OK and complete != ABSENT else None
        since = min((at - stop for _, stop in faults if stop < at), default=None)
        room = min((start - at for start, _ in faults if start > at), default=None)
        name = "" if node == ABSENT else str(values[node])
        found.append(CalmRequest(name, kinds[operations.f[row]], took, since, room))
    return tuple(found)


def healthy_shares(
    runs: Iterable[Sequence[CalmRequest]],
    pauses: Iterable[Sequence[CalmRequest]],
    deadline_ns: int,
    settles_ns: int = 0,
) -> HealthyShares:
    """The share of each node and kind that was asked in healthy runs, by the requests of each of these and of each run
    with splits. Runs are clusters: their operations are not independent. settles_ns: how long after a fault nothing
    counts, if that is longer than the deadline."""
    by_run, in_pauses = _counts(runs, deadline_ns, settles_ns), _counts(pauses, deadline_ns, settles_ns)
    return {at: HealthyShare(_bounds(counts), _bounds(in_pauses.get(at, ()))) for at, counts in by_run.items()}


def _counts(
    runs: Iterable[Sequence[CalmRequest]], deadline_ns: int, settles_ns: int
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(node, kind) → of each run, how many were answered in time, of how many."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for requests in runs:
        counts: dict[tuple[str, str], list[int]] = {}
        for one in _back(requests):
            if one.counts(deadline_ns, settles_ns):
                cell = counts.setdefault((one.node, one.kind), [0, 0])
                cell[0] += one.took is not None and one.took <= deadline_ns
                cell[1] += 1
        for at, (in_time, asked) in counts.items():
            found.setdefault(at, []).append((in_time, asked))
    return found


def _back(requests: Sequence[CalmRequest]) -> Iterator[CalmRequest]:
    """Requests before any fault, and those of a node and kind after the first that was done since the last fault."""
    since: dict[tuple[str, str], int] = {}
    done: dict[tuple[str, str], bool] = {}
    for one in requests:
        at = one.node, one.kind
        if one.since is None:
            yield one
            continue
        if one.since < since.get(at, 0):
            done[at] = False  # another fault has been meanwhile
        since[at] = one.since
        if done.get(at):
            yield one
        done[at] = done.get(at, False) or one.took is not None


def _bounds(counts: Sequence[tuple[int, int]]) -> Interval:
    """The interval over runs. Where nothing at all failed each operation counts, as it does when one has failed: the
    spread of runs is known to be none."""
    found = clustered(counts)
    return wilson(found.part, found.whole) if found.part == found.whole else found


def unhealthy(shares: HealthyShares) -> list[str]:
    """Reasons why a split shows nothing of nodes that may answer too little without faults: a sentence a kind."""
    told = []
    for kind in KINDS:
        found = sorted((one.low, node) for (node, its_kind), one in shares.items() if its_kind == kind)
        low = [node for bound, node in found if bound < HEALTHY_MIN]
        if low:
            worst = shares[low[0], kind]
            others = f", and likewise {', '.join(sorted(low[1:]))}" if low[1:] else ""
            told.append(
                f"without faults {low[0] or 'the target'} answers {_percent(worst.share)} of its {kind}s in time "
                f"({_percent(worst.low)} at least, with 95 %){others}: of a node that may answer less than half of "
                "them a split shows nothing"
            )
    return told


def unusual(shares: HealthyShares) -> Mapping[str, tuple[float, float, float, float]]:
    """Kind → smallest and largest healthy share of a node, and the parts of its operations from which on one serves and
    below which none does; of kinds of which not nearly all is answered without faults."""
    found = {}
    for kind in KINDS:
        ours = [one for (_, its_kind), one in shares.items() if its_kind == kind]
        if ours and min(one.share for one in ours) < USUAL:
            each = [one.share for one in ours]
            bounds = max(one.high for one in ours), min(one.low for one in ours)
            found[kind] = (min(each), max(each), SERVED_SHARE * bounds[0], SERVED_SHARE * bounds[1])
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
