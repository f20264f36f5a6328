"""Read atomic, causal consistency and read committed as an axiom (Biswas & Enea): what a transaction sees must not be
older than what it knows of.

What is visible to a transaction are the transactions that it read from, those before it in its session, and for causal
consistency all that was visible to these. Each visible transaction that wrote a key which the transaction read must
come before the one it read from. There must be an order with all that; where a list shows the order of versions, along
it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.graph import (
    WR,
    WW,
    Edges,
    Ints,
    acyclic,
    along,
    components,
    cyclic_nodes,
    neighbours,
)
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.checkers.transactions.reachability import CHUNK, followed
from splitbrain.checkers.transactions.sight import Sight
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT

Pairs = set[tuple[int, int]]


class VisibilityStopped(Exception):
    """Error of a budget that was spent; its words are the limit."""


@dataclass(frozen=True)
class Visibility:
    """The part of a history that the three models need. sight: the compiled twin of what is done here with bits, where
    there is one that takes this history."""

    of: TransactionHistory
    known: Dependencies
    order: OrderEdges
    sight: Sight | None = None

    def axiom(self) -> Ints | None:
        """An order for read committed as an axiom: a later read of a transaction is not older than what it read from
        before; None if there is none."""
        if self.sight is not None:
            forced = self.sight.axiom()
            return None if forced is None else self._order(forced, sessions=True)
        pairs: Pairs = set()
        earlier: list[int] = []
        before, reads = ABSENT, self.known.reads
        columns = (reads.reader.tolist(), reads.key.tolist(), reads.writer.tolist())
        for reader, key, writer in zip(*columns, strict=True):
            if reader != before:
                before, earlier = reader, []
            for other in earlier:
                if other != writer and self.of.version_of(key, other) != ABSENT:
                    if writer == ABSENT:
                        return None
                    pairs.add((other, writer))
            if writer != ABSENT:
                earlier.append(writer)
        return self._order(_edges(pairs), sessions=True)

    def allows(self, spending: BudgetMeter, *, causal: bool, sessions: bool) -> Ints | None:
        """An order for read atomic or causal consistency; None if there is none. VisibilityStopped if the budget is
        spent."""
        if self.known.reads.late.any():
            return None
        if self.sight is not None and not causal:  # needs no order of what is known, so that `_order` sees its cycles
            forced = self.sight.atomic(sessions=sessions)
        elif not acyclic(self.order.nodes, self._known(sessions=sessions)):
            return None
        elif self.sight is None:
            forced = self._forced(spending, causal=causal, sessions=sessions)
        elif sessions:
            forced = self.sight.causal(lambda: _go_on(spending))
        else:
            forced = self._causal_plain(spending)
        return None if forced is None else self._order(forced, sessions=sessions)

    def _forced(self, spending: BudgetMeter, *, causal: bool, sessions: bool) -> Edges | None:
        """Edges between writers of one key, from one that a transaction sees to the one that it read from; None if one
        read the initial value although it sees a writer."""
        reads, forced, writers = self.known.reads, set[tuple[int, int]](), self._writers()
        candidates = sorted({txn for txns in writers.values() for txn in txns})
        columns = list(zip(reads.reader.tolist(), reads.key.tolist(), reads.writer.tolist(), strict=True))
        for low in range(0, len(candidates), CHUNK):
            _go_on(spending)
            bit = {txn: 1 << at for at, txn in enumerate(candidates[low : low + CHUNK])}
            visible = self._visible(bit, causal=causal, sessions=sessions)
            of_key = {key: sum(bit.get(txn, 0) for txn in txns) for key, txns in writers.items()}
            for reader, key, writer in columns:
                found = visible[reader] & of_key.get(key, 0) & ~bit.get(reader, 0) & ~bit.get(writer, 0)
                if found and writer == ABSENT:
                    return None
                forced.update((candidates[low + at], writer) for at in _bits(found))
        return _edges(forced)

    def _causal_plain(self, spending: BudgetMeter) -> Edges | None:
        """The same edges for causal consistency without sessions. They can only be on a cycle between transactions on
        one that sessions permit, and only where sessions do may an initial value have been read too late."""
        assert self.sight is not None
        known = self.known.edges.of_kinds(WW | WR).together(self.order.sessions)
        if not acyclic(self.order.nodes, known):
            return self.sight.read_from(np.unique(self.sight.write_txn), lambda: _go_on(spending))
        pairs = self.sight.clocked(lambda: _go_on(spending))
        cyclic = cyclic_nodes(self.order.nodes, known.together(self.sight.edges(pairs)))[1]
        writers = self.sight.writers_of(sorted(pairs.unseen))
        cyclic[writers] = True
        return self.sight.read_from(np.flatnonzero(cyclic[: len(self.of)]), lambda: _go_on(spending))

    def _writers(self) -> dict[int, list[int]]:
        """The members that wrote each key."""
        out: dict[int, list[int]] = defaultdict(list)
        for key, txn, last in zip(self.of.version_key, self.of.version_writer, self.of.last, strict=True):
            if last and txn != ABSENT and self.of.member[txn]:
                out[key].append(txn)
        return out

    def _visible(self, bit: dict[int, int], *, causal: bool, sessions: bool) -> list[int]:
        """The nodes visible to each node, as bits."""
        nodes, edges, order = self.order.nodes, self.known.edges.of_kinds(WR), self.order.sessions
        if causal:
            return _followed(nodes, edges.together(order) if sessions else edges, bit)
        masks = _followed(nodes, order, bit) if sessions else [0] * nodes
        for writer, reader in zip(edges.source.tolist(), edges.target.tolist(), strict=True):
            masks[reader] |= bit.get(writer, 0)
        return masks

    def _known(self, *, sessions: bool) -> Edges:
        edges = self.known.edges.of_kinds(WW | WR)
        return edges.together(self.order.sessions) if sessions else edges

    def _order(self, forced: Edges, *, sessions: bool) -> Ints | None:
        """An order of the nodes along what is known and forced; None if these have a cycle."""
        parts = [self.known.edges.of_kinds(WW | WR), forced, *([self.order.sessions] if sessions else [])]
        source, target = (np.concatenate([getattr(part, name) for part in parts]) for name in ("source", "target"))
        count, labels = components(self.order.nodes, source, target)
        return along(labels) if count == self.order.nodes else None


def _go_on(spending: BudgetMeter) -> None:
    if (limit := spending.exhausted()) is not None:
        raise VisibilityStopped(limit)


def _edges(forced: Pairs) -> Edges:
    more = sorted(forced)
    return Edges.of([([a for a, _ in more], [b for _, b in more], WW, [ABSENT] * len(more))])


def _followed(nodes: int, edges: Edges, bit: dict[int, int]) -> list[int]:
    order = along(components(nodes, edges.source, edges.target)[1]).tolist()
    return followed(order, *neighbours(nodes, edges.source, edges.target), bit)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
