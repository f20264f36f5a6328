"""Search for an order of versions, where no read tells it, under which a graph has no forbidden cycle.

Three steps, each only where the one before decided nothing: what is known has a cycle already; a guess, the order in
which the writers ended as far as the known edges allow, has none; else pairs are pruned by reachability, until each
that is left could go both ways, and then tried one by one within the budget.

Writers of one key that read each other's version stand in blocks, because no other version can lie between them. This
is so for cursor stability and all models above; for the models below each block is one writer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.graph import NONE, RW, WW, Edges, Ints, components, topological
from splitbrain.checkers.transactions.guessing import Decision, time_pairs
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.checkers.transactions.pruning import Component, Direction, Pairs
from splitbrain.checkers.transactions.reachability import reached
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT

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


@dataclass(slots=True)
class Blocks:
    """blocks: key → its open writers, those in one list in this order with nothing between them. first: keys whose
    first block read the initial version. torn: two writers that read one version, or one writer that read two."""

    blocks: dict[int, list[list[int]]]
    first: set[int] = field(default_factory=set)
    torn: tuple[int, int] | None = None


def blocks_of(known: Dependencies) -> Blocks:
    """The blocks of read-modify-write chains."""
    after: dict[tuple[int, int], int] = {}
    before: dict[tuple[int, int], int] = {}
    torn = None
    for (key, writer), readers in known.readers.items():
        for txn, _ in readers:
            if (key, txn) in known.version and key in known.open:
                if (key, writer) in after or (key, txn) in before:
                    torn = torn or (after.get((key, writer), txn), txn)
                after[key, writer] = txn
                before[key, txn] = writer
    out = Blocks({}, torn=torn)
    for key, writers in known.open.items():
        heads = [txn for txn in writers if before.get((key, txn), ABSENT) == ABSENT]
        heads.sort(key=lambda txn: (key, txn) not in before)
        out.blocks[key] = []
        for head in heads:
            block = [head]
            while (key, block[-1]) in after and len(block) <= len(writers):
                block.append(after[key, block[-1]])
            out.blocks[key].append(block)
        if (key, ABSENT) in after:
            out.first.add(key)
    return out


@dataclass(frozen=True)
class OrderAnswer:
    """Whether there is an order. edges: what was chosen, as edges between transactions. doubt: why it is undecided."""

    holds: bool | None
    edges: Edges | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Choice:
    """Two blocks of one key, of which either may come first."""

    key: int
    one: tuple[int, int]
    other: tuple[int, int]
    """First and last transaction of a block."""

    def ways(self) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Earlier and later block."""
        yield self.one, self.other
        yield self.other, self.one


class OrderSearch:
    """The search for an order of versions under one encoding."""

    def __init__(
        self, encoding: Encoding, known: Dependencies, blocks: Blocks, edges: Edges, order: OrderEdges
    ) -> None:
        """edges: all edges that are known, those of sessions and real time among them. order: when transactions came,
        for the guess."""
        self.encoding, self.known, self.edges, self.order = encoding, known, edges, order
        self.nodes = nodes = order.nodes
        joined = encoding.blocks
        self.blocks = {
            key: found if joined else [[txn] for block in found for txn in block]
            for key, found in blocks.blocks.items()
        }
        self.blocks = {key: found for key, found in self.blocks.items() if len(found) > 1}
        self.first = blocks.first if joined else set[int]()
        self.total = nodes * (1 + encoding.split)
        if not encoding.rw:
            self.edges = edges.together(known.adjacent)

    def quick_answer(self) -> OrderAnswer:
        """The answer that the known edges or the guess give, if any."""
        if not self.fine(self.edges):
            return OrderAnswer(False)
        if not self.blocks:
            return OrderAnswer(True, self.chosen([]))
        guessed = self.guess(self.edges)
        found = self.fine(self.edges.together(guessed))
        return OrderAnswer(True, guessed) if found else OrderAnswer(None, doubt="a guess was wrong")

    def answer(self, spending: BudgetMeter, *, realtime: bool = False) -> OrderAnswer:
        """Whether there is an order. realtime: whether all edges of real time are among the known ones."""
        quick = self.quick_answer()
        if quick.holds is not None:
            return quick
        if self.known.readers:
            pairs = time_pairs(self.known, self.blocks, self.order)
            found = self._search(self.edges.together(self.chosen(pairs.decided)), pairs.left, pairs.left, spending)
            if found.holds or (realtime and pairs.complete and found.holds is False):
                return found
        spans = {key: [(block[0], block[-1]) for block in blocks] for key, blocks in self.blocks.items()}
        links = [(key, one, other) for key, found in spans.items() for one, other in pairwise(found)]
        pairs_all = [(key, one, other) for key, found in spans.items() for one, other in combinations(found, 2)]
        return self._search(self.edges, links, pairs_all, spending)

    def chosen(self, ways: Sequence[Decision]) -> Edges:
        """The edges of decisions: key, earlier block, later block."""
        ww: list[tuple[int, int, int]] = []
        rw: list[tuple[int, int, int]] = []
        for key, earlier, later in ways:
            head, tail = later[0], earlier[1]
            ww.append((tail, head, self.known.version[key, head]))
            for reader, op in self.known.readers.get((key, tail), ()):
                rw.append((reader, head, op))
        parts = [(kind, _columns(rows)) for kind, rows in ((WW, ww), (RW, rw))]
        return Edges.of([(source, target, kind, why) for kind, (source, target, why) in parts])

    def guess(self, edges: Edges) -> Edges:
        """The edges of an order by time, as far as the known edges allow."""
        if not self.known.readers:
            return self._guess(edges)
        by_reads = time_pairs(self.known, self.blocks, self.order).decided
        try:
            return self._guess(edges.together(self.chosen(by_reads)))
        except KeyError:  # what reads suggest is not so: they are old ones
            return self._guess(edges)

    def _guess(self, edges: Edges) -> Edges:
        """KeyError if the edges have a cycle."""
        source, target = self.encoded(edges)
        split = self.nodes if self.encoding.split else 0
        timed = split or self.known.readers  # without readers any order along the edges does for a serial one
        rank = [*self.order.times, *self.order.times][: self.total] if timed else None
        place = {node: at for at, node in enumerate(topological(self.total, source, target, rank))}
        ways: list[Decision] = []
        for key, blocks in self.blocks.items():
            first = blocks[:1] if key in self.first else []
            rest = sorted(blocks[len(first) :], key=lambda block: place[block[-1] + split])
            spans = [(block[0], block[-1]) for block in (*first, *rest)]
            ways += [(key, one, other) for one, other in pairwise(spans)]
        return self.chosen(ways)

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
        inner = np.arange(nodes)
        return np.concatenate([source, inner]), np.concatenate([target, inner + nodes])

    def fine(self, edges: Edges) -> bool:
        """Whether these edges break nothing."""
        source, target = self.encoded(edges)
        if components(self.total, source, target)[0] < self.total:
            return False
        return not self.encoding.forbids or reached(self.total, source, target, forbidden(edges)) is None

    def _search(
        self, edges: Edges, links: Sequence[Decision], pairs: Sequence[Decision], spending: BudgetMeter
    ) -> OrderAnswer:
        """Prune and try, one component of what may be on a cycle after the other.

        edges: what is known or assumed. pairs: those to be decided. links: enough of them to tie together what hangs
        together."""
        if not self.fine(edges):
            return OrderAnswer(False)
        ways = [(key, *way) for key, one, other in links for way in ((one, other), (other, one))]
        everything = edges.together(self.chosen(ways))
        source, target = self.encoded(everything)
        if self.encoding.forbids:
            rw = everything.of_kinds(RW)
            source, target = np.concatenate([source, rw.source]), np.concatenate([target, rw.target])
        labels = components(self.total, source, target)[1]
        by_label: dict[int, list[Choice]] = {}
        for key, one, other in pairs:
            found = by_label.setdefault(int(labels[one[0] + self.total - self.nodes]), [])
            found.append(Choice(key, one, other))
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
            whole = self._guess(edges.together(self.chosen(decided)))
        except KeyError:
            whole = NONE
        if not self.fine(self.edges.together(whole)) or whole is NONE:
            return OrderAnswer(None, doubt="an order was found but not verified, which is a bug of splitbrain")
        return OrderAnswer(True, whole)

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

    def _component(self, local: Mapping[int, int], inner: Pairs, barred: Pairs, choices: Sequence[Choice]) -> Component:
        part = Component([self.order.times[node % self.nodes] for node in local], inner, barred)
        split = self.nodes if self.encoding.split else 0
        late = split if not self.encoding.snapshot else 0
        for choice in choices:
            ways = []
            for earlier, later in choice.ways():
                meaning = (choice.key, earlier, later)
                head, tail = later[0], earlier[1]
                edge = (local[tail + split], local[head + late])
                readers = [
                    local[r] for r, _ in self.known.readers.get((choice.key, tail), ()) if r in local and r != head
                ]
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


def _columns(rows: Sequence[tuple[int, int, int]]) -> tuple[list[int], list[int], list[int]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
