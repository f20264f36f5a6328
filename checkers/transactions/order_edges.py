"""Edges of sessions and of real time between transactions.

Real time goes through barriers: a barrier stands behind everything that had ended when the next transaction began, so
that there are at most three edges a transaction. An indeterminate transaction has no edge to a later one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.transactions.graph import NONE, RT, SO, Edges, Ints, Places
from splitbrain.checkers.transactions.history import FAIL, TransactionHistory
from splitbrain.harness.history import ABSENT

try:
    from splitbrain.checkers.transactions import order_native
except ImportError:  # installed without a C compiler
    order_native = None  # type: ignore[assignment]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OrderEdges:
    """sessions, realtime: the edges. times: when each node is thought to have come, transactions first, then barriers.
    starts, ends: of each transaction, its end NEVER unless it succeeded."""

    sessions: Edges
    realtime: Edges
    times: Places
    starts: Places
    ends: Places

    @property
    def nodes(self) -> int:
        """The number of nodes with the barriers."""
        return len(self.times)


def order_edges(of: TransactionHistory, *, realtime: bool = True) -> OrderEdges:
    """The edges of sessions and, unless they are not needed, of real time between the members of the graphs."""
    start, end = np.asarray(of.start), np.asarray(of.end)
    members = np.flatnonzero(np.asarray(of.member))
    failed = np.asarray(of.ended)[members] == FAIL
    ends = np.where(failed, np.asarray(of.complete)[members], end[members])
    times, positions = [_commit_times(of)], len(of.history)
    sessions = _session_edges(np.asarray(of.session)[members], members, start[members], ends, times, positions)
    behind = _barriers(members, start[members], end[members], times, positions, RT) if realtime else NONE
    if realtime and failed.any():
        behind = behind.together(sessions)  # which has edges from what failed
    return OrderEdges(sessions, behind, np.concatenate(times), start, end)


def _session_edges(
    session: Places, txns: Rows, start: Places, end: Places, times: list[Places], positions: int
) -> Edges:
    """A chain of each session, or barriers where transactions of one overlap."""
    order = np.argsort(small(session), kind="stable")  # by session, and in each by invocation
    same = session[order[1:]] == session[order[:-1]]
    one, other = order[:-1][same], order[1:][same]
    overlapping = end[one] >= start[other]
    parts = []
    if overlapping.any():
        torn = np.unique(session[one[overlapping]])
        whole = ~np.isin(session[one], torn)
        one, other = one[whole], other[whole]
        for name in torn.tolist():
            rows = np.flatnonzero(session == name)
            parts.append(_barriers(txns[rows], start[rows], end[rows], times, positions, SO))
    edges = Edges.of([(txns[one], txns[other], SO, np.full(len(one), ABSENT))])
    for part in parts:
        edges = edges.together(part)
    return edges


def small(session: Places) -> "npt.NDArray[np.uint16] | Places":
    """Sessions as small numbers where their range permits, which are sorted quickly."""
    if not len(session) or session.max() - session.min() >= 1 << 16:
        return session
    found: npt.NDArray[np.uint16] = (session - session.min()).astype(np.uint16)
    return found


def _commit_times(of: TransactionHistory) -> Places:
    """The time at which each transaction is thought to have been committed: at its end, or when it was first read."""
    start, end, writer = np.asarray(of.start), np.asarray(of.end), np.asarray(of.version_writer)
    times = np.where(end < NEVER, end, start)
    elements = np.asarray(of.elements)
    late = np.append(end, 0)[writer] == NEVER
    if not late.any():
        return times
    read = np.flatnonzero(np.asarray(of.write) == 0)
    low, high, reader = np.asarray(of.low)[read], np.asarray(of.high)[read], np.asarray(of.owner)[read]
    never = len(of.history) + 1
    seen = np.full(len(elements), never, dtype=np.int64)
    some = high > low
    np.minimum.at(seen, high[some] - 1, np.minimum(end[reader[some]], never))
    if of.lists:
        seen = _earliest(of, seen, never)
    seen[seen == never] = NEVER
    first = np.full(len(start), NEVER, dtype=np.int64)
    places = np.flatnonzero(late[elements])
    np.minimum.at(first, writer[elements[places]], seen[places])
    found = first < NEVER
    times[found] = np.maximum(times[found], first[found] - 1)
    return times


def _earliest(of: TransactionHistory, seen: Places, never: int) -> Places:
    """The time at which each element was first seen, by that of the first list that ends with it. never: more than any
    time."""
    begins = np.zeros(len(seen) + 1, dtype=bool)
    begins[np.asarray(of.low)[np.asarray(of.write) == 0]] = True
    group = np.cumsum(begins[:-1])
    group = group[-1] - group[::-1] if len(group) else group
    # Backwards the least so far; each list is shifted below those before, so that it begins anew.
    found = np.minimum.accumulate(seen[::-1] - group * (never + 1)) + group * (never + 1)
    out: Places = found[::-1].copy()
    return out


def _barriers(txns: Rows, start: Places, end: Places, times: list[Places], positions: int, kind: int) -> Edges:
    """Edges from each of these transactions to those that began after its end, by barriers that are added to `times`.

    txns: in order of invocation. positions: the number of events of the history."""
    first = sum(map(len, times))
    if order_native is not None:
        source, target, stamps = order_native.barriers(txns, start, end, positions, first)
    else:
        source, target, stamps = _plain_barriers(txns, start, end, positions, first)
    times.append(stamps)
    return Edges(
        source, target, np.full(len(source), kind, dtype=np.uint8), np.full(len(source), ABSENT, dtype=np.int32)
    )


def _plain_barriers(txns: Rows, start: Places, end: Places, positions: int, first: int) -> tuple[Ints, Ints, Places]:
    """Source and target of the edges, and the position of each barrier. first: the number of the first barrier."""
    at = np.full(positions + 1, ABSENT, dtype=np.int64)
    begins = np.zeros(positions + 1, dtype=bool)
    ended = end < NEVER
    at[end[ended]] = txns[ended]
    at[start] = txns
    begins[start] = True
    events = np.flatnonzero(at >= 0)
    begun = begins[events]
    new = begun.copy()
    new[1:] &= ~begun[:-1]
    new[:1] = False
    number = np.cumsum(new)
    count = int(number[-1]) if len(number) else 0
    barriers = np.arange(first, first + count)
    behind, before = begun & (number > 0), ~begun & (number < count)
    source = np.concatenate([at[events[before]], barriers[:-1], barriers[number[behind] - 1]])
    target = np.concatenate([barriers[number[before]], barriers[1:], at[events[behind]]])
    return source.astype(np.int32), target.astype(np.int32), events[new].astype(np.int64)
