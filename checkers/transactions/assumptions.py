"""Assumptions on the keys of registers, each by its name: an order of versions that no read tells.

Of each key, what a transaction reads or writes is not older than what one before it read or wrote: before it in its
session (sequential-keys), or in real time (linearizable-keys); and what a transaction writes is newer than what it read
before. So a version that was there before another one was still there is the earlier one. A history that contradicts
the assumption says nothing under it; that is an objection to the assumption and no anomaly.

Edges are few: of the versions that come after one only those that do not come after another of these.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.common.values import shown
from splitbrain.checkers.transactions.assumption_names import SEQUENTIAL
from splitbrain.checkers.transactions.dependencies import Dependencies, spread
from splitbrain.checkers.transactions.graph import RW, WW, Edges, Ints, components
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.harness.history import ABSENT

SHOWN_MAX = 4
"""The number of steps of a contradiction that are told."""

Rows = npt.NDArray[np.int64]
Link = tuple[int, int, int, int]
"""An earlier version, a later one, a transaction that touched the earlier one, one after it that touched the later."""


@dataclass(frozen=True)
class Spans:
    """The times at which versions were touched, a row for each version and group: a key, or a key and a session; by
    group, and by `still` in each. mark: the version, of an initial one the number of versions and its key. there,
    first: when the first transaction that touched it had ended, and which. still, latest: when the last one began, and
    which."""

    group: Rows
    mark: Rows
    there: Rows
    first: Rows
    still: Rows
    latest: Rows

    def where(self, kept: Rows) -> "Spans":
        """Some of the rows."""
        columns = (self.group, self.mark, self.there, self.first, self.still, self.latest)
        return Spans(*(column[kept] for column in columns))

    def links(self, earlier: Rows, later: Rows) -> list[Link]:
        """The links between pairs of rows of one group."""
        columns = (self.mark[earlier], self.mark[later], self.first[earlier], self.latest[later])
        return list(zip(*(column.tolist() for column in columns), strict=True))


def with_assumption(known: Dependencies, order: OrderEdges, name: str) -> tuple[Dependencies, str | None]:
    """The dependencies with those that an assumption adds; or as they were, with the objection to it, in words."""
    spans = _spans(known, order, sessions=name == SEQUENTIAL)
    if (early := _read_early(known, order, sessions=name == SEQUENTIAL)) is not None:
        return known, early
    clash = _clash(spans)
    if clash is not None:
        return known, _told(known, spans.links(clash, clash[::-1]))
    earlier, later = _pairs(spans)
    back = np.flatnonzero(spans.mark[later] >= len(known.of.version_key))
    if len(back):
        return known, _told(known, spans.links(earlier[back[:1]], later[back[:1]]))
    cycle = _cycle(known, spans.mark[earlier], spans.mark[later], spans.links(earlier, later))
    if cycle is not None:
        return known, _told(known, cycle)
    edges = _edges(known, spans.mark[earlier], spans.mark[later])
    return replace(known, edges=known.edges.together(edges), assumed=edges), None


def _touches(known: Dependencies) -> tuple[Rows, Rows]:
    """(versions, initial ones among them; transactions that read them from outside or wrote them)."""
    readers, writer = known.readers, np.asarray(known.of.version_writer)
    made = known.open
    return np.concatenate([readers.mark, made]).astype(np.int64), np.concatenate([readers.reader, writer[made]])


def _spans(known: Dependencies, order: OrderEdges, *, sessions: bool) -> Spans:
    of = known.of
    mark, txn = _touches(known)
    keys = np.concatenate([np.asarray(of.version_key), np.arange(len(of.keys))]).astype(np.int64)
    group = keys[mark]
    if sessions:
        names, session = np.unique(np.asarray(of.session)[txn], return_inverse=True)
        group = group * max(len(names), 1) + session
    group = np.unique(group, return_inverse=True)[1].astype(np.int64)
    start, end = order.starts[txn], np.minimum(order.ends[txn], len(of.history) + 1)
    by_end, by_start = np.lexsort((end, mark, group)), np.lexsort((-start, mark, group))
    head = np.ones(len(mark), dtype=bool)
    head[1:] = (group[by_end][1:] != group[by_end][:-1]) | (mark[by_end][1:] != mark[by_end][:-1])
    one, other = by_end[head], by_start[head]
    found = Spans(group[one], mark[one], end[one], txn[one], start[other], txn[other])
    return found.where(np.lexsort((found.still, found.group)))


def _read_early(known: Dependencies, order: OrderEdges, *, sessions: bool) -> str | None:
    """The objection that a transaction read a version and had ended before its writer began, if one had."""
    of, readers = known.of, known.readers
    rows = np.flatnonzero(readers.mark < len(of.version_key))
    reader, writer = readers.reader[rows], np.asarray(of.version_writer)[readers.mark[rows]]
    early = order.ends[reader] < order.starts[writer]
    if sessions:
        early &= np.asarray(of.session)[reader] == np.asarray(of.session)[writer]
    for row in rows[early][:1].tolist():
        mark, one = int(readers.mark[row]), of.name(int(readers.reader[row]))
        key, other = shown(of.keys[of.version_key[mark]]), of.name(of.version_writer[mark])
        return f"{one} read {key} = {of.told(mark)} and ended before {other}, which wrote it, began"
    return None


def _clash(spans: Spans) -> Rows | None:
    """Two versions of one group of which each was there before the other one was still there, if there are such."""
    wide = int(max(spans.there.max(initial=0), spans.still.max(initial=0))) + 2
    there, still = spans.group * wide + spans.there, spans.group * wide + spans.still
    forward = np.flatnonzero(there < still)
    forward = forward[np.argsort(there[forward], kind="stable")]
    met = np.flatnonzero((there[forward[1:]] < still[forward[:-1]]) & (there[forward[:-1]] < still[forward[1:]]))
    if len(met):
        return forward[met[0] : met[0] + 2]
    backward = np.flatnonzero(there >= still)
    at = np.searchsorted(there[forward], still[backward]) - 1
    backward, around = backward[at >= 0], forward[at[at >= 0]]
    inside = np.flatnonzero((there[around] < still[backward]) & (there[backward] < still[around]))
    return np.array([around[inside[0]], backward[inside[0]]]) if len(inside) else None


def _pairs(spans: Spans) -> tuple[Rows, Rows]:
    """Rows of which one is before the other; enough of them to imply all others."""
    count = len(spans.mark)
    rows = np.arange(count)
    if not count:
        return rows, rows
    wide = int(max(spans.there.max(), spans.still.max())) + 2
    still = spans.group * wide + spans.still
    ends = np.searchsorted(spans.group, spans.group, side="right")
    low = np.searchsorted(still, spans.group * wide + spans.there, side="right")
    itself = low <= rows
    near = spread(rows[itself], low[itself], rows[itself])
    low = np.where(itself, rows + 1, low)
    some = np.flatnonzero(low < ends)
    rank = np.empty(count, dtype=np.int64)
    by_there = np.argsort(spans.there, kind="stable")
    rank[by_there] = np.arange(count)
    # From the end of each group the least so far; groups are shifted below those before, so that each begins anew.
    turned = (spans.group[-1] - spans.group)[::-1] * (count + 1)
    least = (np.minimum.accumulate(rank[::-1] - turned) + turned)[::-1]
    middle = by_there[least[low[some]]]
    high = np.searchsorted(still, spans.group[some] * wide + spans.there[middle], side="right")
    high = np.maximum(np.minimum(high, ends[some]), low[some])
    far = spread(some, low[some], high)
    beyond = (middle < low[some]) | (middle >= high)
    parts = (near, far, (some[beyond], middle[beyond]))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _cycle(known: Dependencies, earlier: Rows, later: Rows, links: Sequence[Link]) -> list[Link] | None:
    """A short cycle of versions, each before the next one; None if there is none."""
    readers, versions = known.readers, len(known.of.version_key)
    rows = np.flatnonzero((readers.made != ABSENT) & (readers.mark < versions))
    inner = earlier < versions
    source = np.concatenate([earlier[inner], readers.mark[rows]]).astype(np.int32)
    target = np.concatenate([later[inner], readers.made[rows]]).astype(np.int32)
    count, labels = components(versions, source, target)
    if count == versions:
        return None
    kept = [link for link, held in zip(links, inner.tolist(), strict=True) if held]
    columns = (readers.mark[rows].tolist(), readers.made[rows].tolist(), readers.reader[rows].tolist())
    kept += [(mark, made, reader, reader) for mark, made, reader in zip(*columns, strict=True)]
    inside = labels[source] == labels[target]
    first = int(labels[source[inside]].min())
    after: dict[int, list[Link]] = {}
    for link in kept:
        if labels[link[0]] == labels[link[1]] == first:
            after.setdefault(link[0], []).append(link)
    start = min(after)
    came: dict[int, Link] = {}
    left = deque([start])
    while start not in came:
        for link in after[left.popleft()]:
            if link[1] not in came:
                came[link[1]] = link
                left.append(link[1])
    way = [came[start]]
    while way[-1][0] != start:
        way.append(came[way[-1][0]])
    return way[::-1]


def _edges(known: Dependencies, earlier: Rows, later: Rows) -> Edges:
    """The edges between transactions: from the writer and the readers of an earlier version to the writer of a later
    one."""
    writer, readers, versions = np.asarray(known.of.version_writer), known.readers, len(known.of.version_key)
    inner = earlier < versions
    made = np.flatnonzero((readers.made != ABSENT) & (readers.mark < versions))
    heads: Ints = later.astype(np.int32)
    at, rows = spread(np.arange(len(earlier)), readers.starts[earlier], readers.starts[earlier + 1])
    return Edges.of([
        (writer[earlier[inner]], writer[heads[inner]], WW, heads[inner]),
        (writer[readers.mark[made]], readers.reader[made], WW, readers.made[made]),
        (readers.reader[rows], writer[heads[at]], RW, readers.op[rows]),
    ])  # fmt: skip


def _told(known: Dependencies, links: Sequence[Link]) -> str:
    """A contradiction in words: one step after the other."""
    of, versions = known.of, len(known.of.version_key)

    def touched(txn: int, mark: int) -> str:
        key = of.keys[of.version_key[mark] if mark < versions else mark - versions]
        wrote = mark < versions and of.version_writer[mark] == txn
        value = of.told(mark) if mark < versions else "nil"
        return f"{of.name(txn)} {'wrote' if wrote else 'read'} {shown(key)} = {value}"

    words = [
        f"{touched(one, earlier)}, and then wrote {of.told(later)}"
        if one == other
        else f"{touched(one, earlier)} and ended before {touched(other, later)}"
        for earlier, later, one, other in links[:SHOWN_MAX]
    ]
    more = [f"and {len(links) - SHOWN_MAX} steps more"] if len(links) > SHOWN_MAX else []
    return "; ".join([*words, *more])
