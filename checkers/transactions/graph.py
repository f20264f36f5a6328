"""Dependency graphs: edges by kind in columns, cyclic components, topological orders.

Components are found by a compiled pass, or else by scipy; neither needs recursion, and each question is linear in the
edges it looks at.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

try:
    from splitbrain.checkers.transactions import graph_native
except ImportError:  # installed without a C compiler
    graph_native = None  # type: ignore[assignment]

WW, WR, RW, SO, RT = 1, 2, 4, 8, 16
D = WW | WR
"""The kinds of edges; SO is session order, RT is real time."""
KINDS = {WW: "ww", WR: "wr", RW: "rw", SO: "session", RT: "real time"}
"""Kind → its name for people."""

Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Edges:
    """Edges in columns. why: what explains an edge: for ww the later version, for wr and rw the read."""

    source: Ints
    target: Ints
    kind: Bytes
    why: Ints

    @staticmethod
    def of(parts: "Sequence[tuple[Sequence[int] | Ints, Sequence[int] | Ints, int, Sequence[int] | Ints]]") -> "Edges":
        """Edges from parts of one kind each; those from a node to itself are left out."""
        columns: list[tuple[Ints, Ints, Ints]] = []
        for source, target, _, why in parts:
            one, other, reason = (np.asarray(column, dtype=np.int32) for column in (source, target, why))
            kept = one != other
            columns.append((one, other, reason) if kept.all() else (one[kept], other[kept], reason[kept]))
        kinds = [np.full(len(row[0]), part[2], dtype=np.uint8) for row, part in zip(columns, parts, strict=True)]
        sources, targets, reasons = (np.concatenate(column) for column in zip(*columns, strict=True))
        return Edges(sources, targets, np.concatenate(kinds), reasons)

    def __len__(self) -> int:
        return len(self.source)

    def of_kinds(self, kinds: int) -> "Edges":
        """The edges of these kinds."""
        found = (self.kind & kinds) != 0
        return self if found.all() else self.where(found)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Edges":
        """Some of the edges."""
        return Edges(self.source[kept], self.target[kept], self.kind[kept], self.why[kept])

    def together(self, others: "Edges") -> "Edges":
        """A graph of these edges and others."""
        if not len(self) or not len(others):
            return self if len(self) else others
        pairs = [(getattr(self, name), getattr(others, name)) for name in ("source", "target", "kind", "why")]
        return Edges(*(np.concatenate(pair) for pair in pairs))


NONE = Edges.of([((), (), 0, ())])


def components(nodes: int, source: Ints, target: Ints) -> tuple[int, Ints]:
    """The number of strongly connected components, and that of each node; no edge goes to a component with a higher
    number."""
    source, target = np.ascontiguousarray(source, dtype=np.int32), np.ascontiguousarray(target, dtype=np.int32)
    if graph_native is not None:
        count, found = graph_native.components(nodes, source, target)
        return count, np.asarray(found)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array((np.ones(len(source), dtype=bool), (source, target)), shape=(nodes, nodes))
    count, labels = connected_components(matrix, directed=True, connection="strong")
    between = labels[source] != labels[target]
    one, other = labels[source][between], labels[target][between]
    if (one > other).all():
        return int(count), labels
    if (one < other).all():
        return int(count), count - 1 - labels
    place = np.empty(count, dtype=np.int32)  # scipy does not promise an order of the components
    place[topological(int(count), one, other, range(count))] = np.arange(count)[::-1]
    return int(count), place[labels]


def cyclic_nodes(nodes: int, edges: Edges) -> tuple[int, npt.NDArray[np.bool_], Ints]:
    """The number of components that hold a cycle, which nodes are in one, and the component of each node."""
    count, labels = components(nodes, edges.source, edges.target)
    sizes = np.bincount(labels, minlength=count)
    return int((sizes > 1).sum()), sizes[labels] > 1, labels


def acyclic(nodes: int, edges: Edges) -> bool:
    """Whether there is no cycle; an edge from a node to itself is not thought of."""
    return components(nodes, edges.source, edges.target)[0] == nodes


def neighbours(nodes: int, source: Ints, target: Ints) -> tuple[list[int], list[int]]:
    """The targets of each node, one after the other, and where those of each node begin."""
    order = np.argsort(source, kind="stable")
    starts = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=nodes), out=starts[1:])
    return starts.tolist(), target[order].tolist()


def grouped(numbers: "npt.NDArray[Any]", count: int) -> "Ints | Places":
    """The order that sorts these numbers, which are below a count; like ones stay in their order."""
    if graph_native is None:
        return np.argsort(numbers, kind="stable")
    places = np.arange(len(numbers), dtype=np.int32)
    return np.asarray(graph_native.grouped(count, np.ascontiguousarray(numbers, dtype=np.int32), places))


def along(labels: Ints) -> Ints:
    """A topological order of the nodes of a graph without cycles, by its components."""
    order = np.empty_like(labels)
    order[len(labels) - 1 - labels] = np.arange(len(labels), dtype=labels.dtype)
    return order


def topological(nodes: int, source: Ints, target: Ints, priority: Sequence[int] | Places) -> list[int]:
    """An order of the nodes along the edges; nodes on or behind a cycle are missing. priority: of those that may come
    next the one with the least comes."""
    rank = np.ascontiguousarray(priority, dtype=np.int64)
    source, target = np.ascontiguousarray(source, dtype=np.int32), np.ascontiguousarray(target, dtype=np.int32)
    if graph_native is not None:
        return graph_native.topological(nodes, source, target, rank).tolist()
    ranks = cast("list[int]", rank.tolist())
    starts, flat = neighbours(nodes, source, target)
    waiting = np.bincount(target, minlength=nodes).tolist()
    out: list[int] = []
    ready = [(ranks[node], node) for node in range(nodes) if not waiting[node]]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        out.append(node)
        for after in flat[starts[node] : starts[node + 1]]:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, (ranks[after], after))
    return out
