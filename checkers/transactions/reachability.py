"""Reachability in large graphs without cycles, as bits of Python integers, a chunk of sources at a time."""

from collections.abc import Sequence

import numpy as np

from splitbrain.checkers.transactions.graph import Ints, along, components, neighbours

CHUNK = 8192
"""The number of sources that are followed at once."""


def reached(nodes: int, source: Ints, target: Ints, pairs: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The first pair whose second node is reached from its first, by one edge or more. The edges have no cycle."""
    if not pairs:
        return None
    ends = np.asarray(pairs, dtype=np.int64)
    labels = components(nodes, np.concatenate([source, ends[:, 1]]), np.concatenate([target, ends[:, 0]]))[1]
    close = ends[labels[ends[:, 0]] == labels[ends[:, 1]]]
    if not len(close):
        return None
    wanted = np.zeros(nodes, dtype=bool)
    wanted[labels[close[:, 0]]] = True
    inside = np.flatnonzero(wanted[labels])
    local = np.full(nodes, -1, dtype=np.int64)
    local[inside] = np.arange(len(inside))
    kept = (labels[source] == labels[target]) & (local[source] >= 0)
    a, b = local[source[kept]], local[target[kept]]
    order = along(components(len(inside), a, b)[1]).tolist()
    starts, flat = neighbours(len(inside), a, b)
    local_pairs = list(zip(local[close[:, 0]].tolist(), local[close[:, 1]].tolist(), strict=True))
    firsts = sorted({first for first, _ in local_pairs})
    for low in range(0, len(firsts), CHUNK):
        bit = {node: 1 << at for at, node in enumerate(firsts[low : low + CHUNK])}
        masks = followed(order, starts, flat, bit)
        for first, second in local_pairs:
            if masks[second] & bit.get(first, 0):
                return int(inside[first]), int(inside[second])
    return None


def followed(order: Sequence[int], starts: Sequence[int], flat: Sequence[int], bit: dict[int, int]) -> list[int]:
    """The nodes that reach each node, as bits. order: topological."""
    masks = [0] * len(order)
    for node in order:
        mask = masks[node] | bit.get(node, 0)
        if mask:
            for after in flat[starts[node] : starts[node + 1]]:
                masks[after] |= mask
    return masks
