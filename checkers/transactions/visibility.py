"""Read atomic, causal consistency and read committed as an axiom (Biswas & Enea): what a transaction sees must not be
older than what it knows of.

What is visible to a transaction are the transactions that it read from, those before it in its session, and for causal
consistency all that was visible to these. A version that it reads must not be older than one of a visible transaction.
Where the order of versions is known this is looked up, else it is an edge; in both cases there must be no cycle.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.graph import (
    RW,
    SO,
    WR,
    WW,
    Edges,
    acyclic,
    cyclic_nodes,
    neighbours,
    topological,
)
from splitbrain.checkers.transactions.history import FAIL, TransactionHistory
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.checkers.transactions.reachability import CHUNK, followed
from splitbrain.checkers.transactions.versions import ListOrders
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT


class VisibilityStopped(Exception):
    """The budget was spent; its words are the limit."""


@dataclass(frozen=True)
class Visibility:
    """The part of a history that the three models need. lists: None for registers."""

    of: TransactionHistory
    known: Dependencies
    order: OrderEdges
    lists: ListOrders | None

    def axiom(self) -> bool:
        """Read committed as an axiom: a later read of a transaction is not older than what it read from before."""
        forced: list[tuple[int, int]] = []
        earlier: list[int] = []
        reader = ABSENT
        for read in self.known.reads:
            if read.reader != reader:
                reader, earlier = read.reader, []
            for other in earlier:
                if other != read.writer and (read.key, other) in self.known.version:
                    if read.writer == ABSENT:
                        return False
                    forced.append((other, read.writer))
            if read.writer != ABSENT:
                earlier.append(read.writer)
        return self._acyclic(forced, sessions=True)

    def holds(self, spending: BudgetMeter, *, causal: bool, sessions: bool) -> bool:
        """Read atomic or causal consistency. VisibilityStopped if the budget is spent."""
        if self.lists is None and any(read.late for read in self.known.reads):
            return False
        edges = self.known.edges.of_kinds(WR)
        if not self._acyclic([], sessions=sessions):
            return False
        forced: set[tuple[int, int]] = set()
        inside = self._inside()
        reads = [read for read in self.known.reads if inside[read.reader]]
        places = self._later()
        candidates = sorted({txn for _, txn in self.known.version if inside[txn]})
        for low in range(0, len(candidates), CHUNK):
            if (limit := spending.exhausted()) is not None:
                raise VisibilityStopped(limit)
            bit = {txn: 1 << at for at, txn in enumerate(candidates[low : low + CHUNK])}
            visible = self._visible(edges, bit, causal=causal, sessions=sessions)
            later = _masks(places, bit)
            for read in reads:
                place = self._place(read.op, read.writer)
                if place is None:
                    continue
                found = visible[read.reader] & later(read.key, place) & ~bit.get(read.reader, 0)
                if self.lists is None:
                    found &= ~bit.get(read.writer, 0)
                if found and (self.lists is not None or read.writer == ABSENT):
                    return False
                forced.update((candidates[low + at], read.writer) for at in _bits(found))
        return self._acyclic(sorted(forced), sessions=sessions)

    def _inside(self) -> "np.ndarray":
        """Nodes that may be on a cycle of this kind: with lists those on any cycle, else all."""
        if self.lists is None:
            return np.ones(self.order.nodes, dtype=bool)
        edges = self.known.edges.together(self.order.sessions)
        return cyclic_nodes(self.order.nodes, edges.of_kinds(WW | WR | RW | SO))[1]

    def _place(self, op: int, writer: int) -> int | None:
        """The place in the order of what a read saw; None where the order does not have it."""
        if self.lists is None or writer == ABSENT:
            return ABSENT
        place = self.lists.place[self.of.elements[self.of.high[op] - 1]]
        return None if place == ABSENT else place

    def _later(self) -> dict[int, list[tuple[int, int]]]:
        """The writes of each key as pairs of place and writer, the places descending; of registers all places are 0."""
        out: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for (key, txn), version in self.known.version.items():
            place = 0
            if self.lists is not None:
                place = self.lists.place[version]
                if place == ABSENT and self.of.ended[txn] == FAIL:
                    continue
                place = len(self.lists.orders[key]) if place == ABSENT else place
            out[key].append((place, txn))
        for pairs in out.values():
            pairs.sort(reverse=True)
        return out

    def _visible(self, edges: Edges, bit: dict[int, int], *, causal: bool, sessions: bool) -> list[int]:
        """The nodes visible to each node, as bits."""
        nodes = self.order.nodes
        if causal:
            if sessions:
                edges = edges.together(self.order.sessions)
            order = topological(nodes, edges.source, edges.target)
            return followed(order, *neighbours(nodes, edges.source, edges.target), bit)
        masks = [0] * nodes
        if sessions:
            masks = followed(
                topological(nodes, self.order.sessions.source, self.order.sessions.target),
                *neighbours(nodes, self.order.sessions.source, self.order.sessions.target),
                bit,
            )
        for writer, reader in zip(edges.source.tolist(), edges.target.tolist(), strict=True):
            masks[reader] |= bit.get(writer, 0)
        return masks

    def _acyclic(self, forced: Sequence[tuple[int, int]], *, sessions: bool) -> bool:
        edges = self.known.edges.of_kinds(WW | WR)
        if sessions:
            edges = edges.together(self.order.sessions)
        more = Edges.of([([a for a, _ in forced], [b for _, b in forced], WW, [ABSENT] * len(forced))])
        return acyclic(self.order.nodes, edges.together(more))


class _Masks:
    """The writers of a key later than a place, as bits."""

    def __init__(self, places: dict[int, list[tuple[int, int]]], bit: dict[int, int]) -> None:
        self.places, self.bit = places, bit
        self.known: dict[tuple[int, int], int] = {}

    def __call__(self, key: int, place: int) -> int:
        found = self.known.get((key, place))
        if found is None:
            found = 0
            for later, txn in self.places.get(key, ()):
                if later <= place:
                    break
                found |= self.bit.get(txn, 0)
            self.known[key, place] = found
        return found


def _masks(places: dict[int, list[tuple[int, int]]], bit: dict[int, int]) -> _Masks:
    return _Masks(places, bit)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
