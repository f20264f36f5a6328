"""Dependency graphs: edges by kind in columns, cyclic components, topological orders.

Components are found by scipy, which needs no recursion; each question is linear in the edges it looks at.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

WW, WR, RW, SO, RT = 1, 2, 4, 8, 16
D = WW | WR
"""The kinds of edges; SO is session order, RT is real time."""

Ints = npt.NDArray[np.int64]
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
        source = np.concatenate([np.asarray(part[0], dtype=np.int64) for part in parts])
        target = np.concatenate([np.asarray(part[1], dtype=np.int64) for part in parts])
        kind = np.concatenate([np.full(len(part[0]), part[2], dtype=np.uint8) for part in parts])
        why = np.concatenate([np.asarray(part[3], dtype=np.int64) for part in parts])
        kept = source != target
        return Edges(source[kept], target[kept], kind[kept], why[kept])

    def __len__(self) -> int:
        return len(self.source)

    def of_kinds(self, kinds: int) -> "Edges":
        """The edges of these kinds."""
        return self.where((self.kind & kinds) != 0)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Edges":
        """Some of the edges."""
        return Edges(self.source[kept], self.target[kept], self.kind[kept], self.why[kept])

    def together(self, others: "Edges") -> "Edges":
        """A graph of these edges and others."""
        pairs = [(getattr(self, name), getattr(others, name)) for name in ("source", "target", "kind", "why")]
        return Edges(*(np.concatenate(pair) for pair in pairs))


NONE = Edges.of([((), (), 0, ())])


def components(nodes: int, source: Ints, target: Ints) -> tuple[int, Ints]:
    """The number of strongly connected components, and that of each node."""
    matrix = csr_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(nodes, nodes))
    count, labels = connected_components(matrix, directed=True, connection="strong")
    return int(count), labels


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


def topological(nodes: int, source: Ints, target: Ints, priority: Sequence[int] | None = None) -> list[int]:
    """An order of the nodes along the edges; nodes on or behind a cycle are missing. priority: of those that may come
    next the one with the least comes."""
    if priority is None:
        count, labels = components(nodes, source, target)
        if count == nodes:  # the components come in an order, which scipy does not promise: so it is looked at
            for order in (labels, -labels):
                if bool((order[source] < order[target]).all()):
                    found: list[int] = np.argsort(order, kind="stable").tolist()
                    return found
    starts, flat = neighbours(nodes, source, target)
    waiting = np.bincount(target, minlength=nodes).tolist()
    out: list[int] = []
    rank = priority if priority is not None else range(nodes)
    ready = [(rank[node], node) for node in range(nodes) if not waiting[node]]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        out.append(node)
        for after in flat[starts[node] : starts[node + 1]]:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, (rank[after], after))
    return out
