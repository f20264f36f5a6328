"""Search for an order of versions, where no read tells it, under which a graph has no forbidden cycle.

Each step only where the one before decided nothing: what is known has a cycle already; a guess, the order in which the
writers ended as far as the known edges allow, has none; in real time, a schedule of all transactions is found; else
pairs are pruned by reachability, until each that is left could go both ways, and then tried one by one within the
budget.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.blocks import BlockTables, Rows
from splitbrain.checkers.transactions.dependencies import Dependencies, spread
from splitbrain.checkers.transactions.graph import NONE, RW, WW, Edges, Ints, along, components, topological
from splitbrain.checkers.transactions.guessing import time_pairs
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.checkers.transactions.pruning import Component, Decision, Direction, Pairs
from splitbrain.checkers.transactions.reachability import reached
from splitbrain.checkers.transactions.scheduling import schedule
from splitbrain.harness.budget import BudgetMeter

PAIRS_MAX = 2_000_000
"""The number of pairs of blocks that are searched."""
NODES_MAX = 40_000
"""The number of nodes that a component may have for its reachability to be held in memory, bits."""


@dataclass(frozen=True)
class Encoding:
    """The translation of edges between transactions into edges between the nodes of a graph.

    split: whether begin and commit of a transaction are two nodes, of which the begin sees what was committed before.
    snapshot: whether writers of one key must not overlap. forbids: whether an rw edge is no edge, but says which node
    must not be reached. rw: whether rw edges count at all. blocks: whether read-modify-write chains stand in blocks.
    """

    name: str
    split: bool = False
    snapshot: bool = False
    forbids: bool = False
    rw: bool = True
    blocks: bool = True


SERIAL = Encoding("serial")
SNAPSHOT = Encoding("snapshot", split=True, snapshot=True)
PREFIX = Encoding("prefix", split=True, blocks=False)
VIEW = Encoding("view", forbids=True)
CURSOR = Encoding("cursor", rw=False)


@dataclass(frozen=True)
class OrderAnswer:
    """Whether there is an order. order: of the nodes of the encoding, along all edges. doubt: why it is undecided."""

    holds: bool | None
    order: Ints | None = None
    doubt: str | None = None


class OrderSearch:
    """The search for an order of versions under one encoding."""

    def __init__(
        self, encoding: Encoding, known: Dependencies, blocks: BlockTables, edges: Edges, order: OrderEdges
    ) -> None:
        """edges: all edges that are known, those of sessions and real time among them. order: when transactions came,
        for the guess."""
        self.encoding, self.known, self.edges, self.order = encoding, known, edges, order
        self.nodes = nodes = order.nodes
        self.blocks = blocks.joined if encoding.blocks else blocks.apart
        self.writer = np.asarray(known.of.version_writer)
        self.total = nodes * (1 + encoding.split)
        if not encoding.rw:
            self.edges = edges.together(known.adjacent())

    def quick_answer(self) -> OrderAnswer:
        """The answer that the known edges or the guess give, if any."""
        order = self.order_along(self.edges)
        if order is None:
            return OrderAnswer(False)
        encoding = self.encoding
        if not len(self.blocks) or not (self.known.readers or encoding.split or encoding.forbids):
            return OrderAnswer(True, order)  # versions that nobody read may go along any order of all that is known
        order = self.order_along(self.edges.together(self.guess(self.edges)))
        if order is None and self.known.readers:
            order = self.order_along(self.edges.together(self.guess_by_reads(self.edges)))
        return OrderAnswer(None, doubt="a guess was wrong") if order is None else OrderAnswer(True, order)

    def answer(self, spending: BudgetMeter, *, realtime: bool = False) -> OrderAnswer:
        """Whether there is an order. realtime: whether all edges of real time are among the known ones."""
        quick = self.quick_answer()
        if quick.holds is not None:
            return quick
        if self.known.readers:
            pairs = time_pairs(self.known, self.blocks, self.order)
            found = self._search(self.edges.together(self.chosen(*pairs.decided)), pairs.left, pairs.left, spending)
            if found.holds or (realtime and pairs.complete and found.holds is False):
                return found
        if self.blocks.pair_count() > PAIRS_MAX:
            return OrderAnswer(None, doubt=f"there are more than {PAIRS_MAX:,} pairs of writers of one key")
        return self._search(self.edges, self.blocks.neighbours(), self.blocks.pairs(), spending)

    def chosen(self, earlier: Rows, later: Rows) -> Edges:
        """The edges of decisions: of each an earlier and a later block."""
        return self._edges(self.blocks.tail[earlier], self.blocks.head[later])

    def _edges(self, tail: Ints, head: Ints) -> Edges:
        """The edges of decisions: the last version of an earlier block, and the first of a later one."""
        readers = self.known.readers
        at, rows = spread(np.arange(len(tail)), readers.starts[tail], readers.starts[tail + 1])
        return Edges.of([
            (self.writer[tail], self.writer[head], WW, head),
            (readers.reader[rows], self.writer[head[at]], RW, readers.op[rows]),
        ])  # fmt: skip

    def guess(self, edges: Edges) -> Edges:
        """The edges of an order by time, as far as the known edges allow. KeyError if the edges have a cycle."""
        source, target = self.encoded(edges)
        split = self.nodes if self.encoding.split else 0
        timed = split or self.known.readers  # without readers any order along the edges does for a serial one
        return self._placed(self._places(source, target, timed=bool(timed))[self.writer[self.blocks.tail] + split])

    def _placed(self, place: Ints) -> Edges:
        """The edges of an order in which blocks have these places."""
        blocks = self.blocks
        order = np.lexsort((place, ~blocks.first, blocks.key))
        same = np.flatnonzero(blocks.key[order[1:]] == blocks.key[order[:-1]])
        return self.chosen(order[same], order[same + 1])

    def scheduled(self, spending: BudgetMeter) -> OrderAnswer:
        """The answer that a schedule in real time gives, if one is found. For the serial encoding."""
        txns = schedule(self.known.of, spending)
        if txns is None:
            return OrderAnswer(None, doubt="no schedule was found")
        place = np.zeros(self.nodes, dtype=np.int32)
        place[txns] = np.arange(len(txns), dtype=np.int32)
        order = self.order_along(self.edges.together(self._placed(place[self.writer[self.blocks.tail]])))
        return OrderAnswer(order is not None or None, order)

    def guess_by_reads(self, edges: Edges) -> Edges:
        """The same, as far as the times of readers allow too."""
        by_reads = time_pairs(self.known, self.blocks, self.order).decided
        try:
            return self.guess(edges.together(self.chosen(*by_reads)))
        except KeyError:  # what reads suggest is not so: they are old ones
            return self.guess(edges)

    def _places(self, source: Ints, target: Ints, *, timed: bool) -> Ints:
        """The place of each node in an order along the edges; KeyError if they have a cycle."""
        if not timed:
            count, labels = components(self.total, source, target)
            if count < self.total:
                raise KeyError("a cycle")
            return count - 1 - labels
        rank = times = self.order.times
        if self.encoding.split:
            starts = self.order.starts
            rank = np.concatenate([starts, times[len(starts) :], times])  # begins are early, commits late
        order = topological(self.total, source, target, rank)
        if len(order) < self.total:
            raise KeyError("a cycle")
        place = np.empty(self.total, dtype=np.int32)
        place[order] = np.arange(self.total, dtype=np.int32)
        return place

    def encoded(self, edges: Edges) -> "tuple[np.ndarray, np.ndarray]":
        """Edges between nodes."""
        encoding, nodes = self.encoding, self.nodes
        if not encoding.split:
            kept = edges if encoding.rw and not encoding.forbids else edges.where((edges.kind & RW) == 0)
            return kept.source, kept.target
        rw = (edges.kind & RW) != 0
        late = rw if encoding.snapshot else rw | ((edges.kind & WW) != 0)
        source = np.where(rw, edges.source, edges.source + nodes)
        target = np.where(late, edges.target + nodes, edges.target)
        inner = np.arange(nodes, dtype=np.int32)
        return np.concatenate([source, inner]), np.concatenate([target, inner + nodes])

    def order_along(self, edges: Edges) -> Ints | None:
        """An order of the nodes along these edges; None if they break something."""
        source, target = self.encoded(edges)
        count, labels = components(self.total, source, target)
        if count < self.total:
            return None
        if self.encoding.forbids and reached(self.total, source, target, forbidden(edges)) is not None:
            return None
        return along(labels)

    def _search(
        self, edges: Edges, links: tuple[Rows, Rows], pairs: tuple[Rows, Rows], spending: BudgetMeter
    ) -> OrderAnswer:
        """Prune and try, one component of what may be on a cycle after the other.

        edges: what is known or assumed. pairs: those to be decided. links: enough of them to tie together what hangs
        together."""
        if self.order_along(edges) is None:
            return OrderAnswer(False)
        everything = edges.together(self.chosen(*links)).together(self.chosen(*links[::-1]))
        source, target = self.encoded(everything)
        if self.encoding.forbids:
            rw = everything.of_kinds(RW)
            source, target = np.concatenate([source, rw.source]), np.concatenate([target, rw.target])
        labels = components(self.total, source, target)[1]
        by_label: dict[int, list[tuple[int, int]]] = {}
        of_pair = labels[self.writer[self.blocks.head[pairs[0]]] + self.total - self.nodes]
        for label, one, other in zip(of_pair.tolist(), pairs[0].tolist(), pairs[1].tolist(), strict=True):
            by_label.setdefault(label, []).append((one, other))
        decided: list[Decision] = []
        for label, nodes, inner, barred in self._parts(edges, labels, by_label):
            if len(nodes) > NODES_MAX:
                doubt = f"{len(nodes):,} nodes hang together, and at most {NODES_MAX:,} are searched"
                return OrderAnswer(None, doubt=doubt)
            part = self._component(nodes, inner, barred, by_label[label])
            holds = part.search(spending)
            if not holds:
                return OrderAnswer(holds, doubt=part.doubt)
            decided += part.decided
        try:
            chosen = np.asarray(decided, dtype=np.int32).reshape(-1, 2)
            whole = self.guess(edges.together(self._edges(chosen[:, 0], chosen[:, 1])))
        except KeyError:
            whole = NONE
        order = self.order_along(self.edges.together(whole))
        if order is None or whole is NONE:
            return OrderAnswer(None, doubt="an order was found but not verified, which is a bug of splitbrain")
        return OrderAnswer(True, order)

    def _parts(
        self, edges: Edges, labels: Ints, wanted: Mapping[int, object]
    ) -> Iterator[tuple[int, dict[int, int], Pairs, Pairs]]:
        """The label of each wanted component, its nodes with their numbers, its edges and its forbidden pairs."""
        numbers: dict[int, dict[int, int]] = {label: {} for label in wanted}
        chosen = np.isin(labels, np.fromiter(wanted, dtype=np.int64, count=len(wanted)))
        for node in np.flatnonzero(chosen).tolist():
            found = numbers[int(labels[node])]
            found[node] = len(found)
        inner: dict[int, Pairs] = {label: [] for label in wanted}
        barred: dict[int, Pairs] = {label: [] for label in wanted}
        pairs = [(*self.encoded(edges), inner)]
        if self.encoding.forbids:
            rw = edges.of_kinds(RW)
            pairs.append((rw.target, rw.source, barred))
        for source, target, out in pairs:
            kept = chosen[source] & (labels[source] == labels[target])
            for one, other in zip(source[kept].tolist(), target[kept].tolist(), strict=True):
                label = int(labels[one])
                out[label].append((numbers[label][one], numbers[label][other]))
        for label in wanted:
            yield label, numbers[label], inner[label], barred[label]

    def _component(
        self, local: Mapping[int, int], inner: Pairs, barred: Pairs, choices: Sequence[tuple[int, int]]
    ) -> Component:
        times, blocks = self.order.times, self.blocks
        part = Component([int(times[node % self.nodes]) for node in local], inner, barred)
        split = self.nodes if self.encoding.split else 0
        late = split if not self.encoding.snapshot else 0
        for choice in choices:
            ways = []
            for earlier, later in (choice, choice[::-1]):
                meaning = int(blocks.tail[earlier]), int(blocks.head[later])
                tail, head = int(self.writer[meaning[0]]), int(self.writer[meaning[1]])
                edge = (local[tail + split], local[head + late])
                readers = [local[r] for r in self.known.readers.of_version(meaning[0]) if r in local and r != head]
                if self.encoding.forbids:
                    ways.append(Direction([edge], [(edge[1], reader) for reader in readers], meaning))
                else:
                    rw = [(reader, local[head + split]) for reader in readers] if self.encoding.rw else []
                    ways.append(Direction([edge, *rw], [], meaning))
            part.choices.append((ways[0], ways[1]))
        return part


def forbidden(edges: Edges) -> Pairs:
    """Pairs of transactions of which the first must not reach the second, for there is an rw edge back."""
    rw = edges.of_kinds(RW)
    return list(zip(rw.target.tolist(), rw.source.tolist(), strict=True))
