"""Sight of transactions, by vector clocks: the compiled way of `visibility`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.graph import WR, WW, Edges, Ints, along, components, grouped
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.harness.history import ABSENT

try:
    from splitbrain.checkers.transactions import visibility_native
except ImportError:  # installed without a C compiler
    visibility_native = None  # type: ignore[assignment]

WIDTH = 16
"""The number of sessions whose clocks are held at once: 4 bytes for each of them and each transaction."""
CANDIDATES = 64
"""The number of transactions that are followed at once where sessions do not count."""


@dataclass(frozen=True)
class Sight:
    """write_starts, write_txn: the writers of each key, one key after the other, by session and place in it. session,
    place, before: of each transaction the number of its session, its place there, and the one before, or ABSENT."""

    of: TransactionHistory
    known: Dependencies
    order: OrderEdges
    write_starts: Ints
    write_txn: Ints
    session: Ints
    place: Ints
    before: Ints

    @staticmethod
    def over(of: TransactionHistory, known: Dependencies, order: OrderEdges) -> "Sight | None":
        """The sight of a history; None without a C compiler, or where transactions of one session overlap."""
        edges = order.sessions
        if visibility_native is None or (len(edges) and max(edges.source.max(), edges.target.max()) >= len(of)):
            return None
        before = np.full(len(of), ABSENT, dtype=np.int32)
        before[edges.target] = edges.source
        session, place = _chains(of)
        writer, last, member = (np.asarray(column) for column in (of.version_writer, of.last, of.member))
        made = np.flatnonzero((last != 0) & (np.append(member, 0)[writer] != 0))
        key, txn = np.asarray(of.version_key)[made], writer[made]
        by_session = grouped(session[txn], int(session.max(initial=-1)) + 1)
        key, txn = key[by_session], txn[by_session]  # in each session they stand by place
        starts = np.zeros(len(of.keys) + 1, dtype=np.int32)
        np.cumsum(np.bincount(key, minlength=len(of.keys)), out=starts[1:])
        return Sight(of, known, order, starts, txn[grouped(key, len(of.keys))], session, place, before)

    def axiom(self) -> Edges | None:
        """The edges that read committed as an axiom forces; None if there is no order."""
        pairs = self._pairs()
        pairs.axiom()
        return self._forced(pairs)

    def atomic(self, *, sessions: bool) -> Edges | None:
        """The edges that read atomic forces; None if there is no order."""
        pairs = self._pairs()
        pairs.atomic(sessions)
        return self._forced(pairs)

    def causal(self, go_on: Callable[[], None]) -> Edges | None:
        """The edges that causal consistency forces; None if there is no order. go_on: asked now and then."""
        return self._forced(self.clocked(go_on))

    def clocked(self, go_on: Callable[[], None]) -> "visibility_native.VisiblePairs":
        """The pairs of causal consistency."""
        edges, pairs = self.known.edges.of_kinds(WR).together(self.order.sessions), self._pairs()
        order = along(components(len(self.of), edges.source, edges.target)[1])
        sessions = int(self.session.max(initial=-1)) + 1
        for first in range(0, sessions, WIDTH):
            go_on()
            pairs.causal(order, self.before, first, min(WIDTH, sessions - first))
        return pairs

    def read_from(self, candidates: "npt.NDArray[np.int64]", go_on: Callable[[], None]) -> Edges | None:
        """The edges from candidates that causal consistency without sessions forces; None if there is no order."""
        edges, pairs = self.known.edges.of_kinds(WR), self._pairs()
        order = along(components(len(self.of), edges.source, edges.target)[1])
        for low in range(0, len(candidates), CANDIDATES):
            go_on()
            pairs.reads_from(order, candidates[low : low + CANDIDATES].astype(np.int32))
        return self._forced(pairs)

    def writers_of(self, keys: Sequence[int]) -> Sequence[int]:
        """The members that wrote one of these keys."""
        starts = self.write_starts
        return [txn for key in keys for txn in self.write_txn[starts[key] : starts[key + 1]].tolist()]

    def edges(self, pairs: "visibility_native.VisiblePairs") -> Edges:
        """Pairs as edges."""
        source, target = (np.asarray(column) for column in pairs.found())
        return Edges.of([(source, target, WW, np.full(len(source), ABSENT))])

    def _forced(self, pairs: "visibility_native.VisiblePairs") -> Edges | None:
        return None if pairs.unseen else self.edges(pairs)

    def _pairs(self) -> "visibility_native.VisiblePairs":
        reads = self.known.reads
        return visibility_native.VisiblePairs(
            len(self.of), reads.reader, reads.key, reads.writer, self.write_starts, self.write_txn, self.session,
            self.place,
        )  # fmt: skip


def _chains(of: TransactionHistory) -> tuple[Ints, Ints]:
    """The number of each transaction's session, and its place among the members of it; 0 for those that are none."""
    session, member = np.asarray(of.session), np.asarray(of.member)
    low, width = (int(session.min()), int(session.max() - session.min()) + 1) if len(session) else (0, 0)
    if width > 2 * len(session):
        names, session = np.unique(session, return_inverse=True)
        low, width = 0, len(names)
    number, place = visibility_native.chains((session - low).astype(np.int32), member, width)
    return np.asarray(number), np.asarray(place)
