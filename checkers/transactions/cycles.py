"""Shortest cycles of each class in a dependency graph.

A class is told by its rw edges: none (G0 of ww alone, G1c), exactly one (G-single), none next to each other
(G-nonadjacent), any (G2-item). The search is breadth first inside one cyclic component, from a bounded number of rw
edges, so that a cycle is a short one if not always the shortest.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.graph import RT, RW, WR, WW, Edges, cyclic_nodes

STARTS_MAX = 64
"""From how many rw edges a cycle is searched."""
Step = tuple[int, int, int, int]
"""Source, target, kind, why."""


@dataclass(frozen=True)
class CycleClass:
    """The edges that a cycle may have. own: kinds without order edges. rw: `none`, `one`, `apart` or `any`."""

    own: int
    rw: str


CLASSES: Mapping[str, CycleClass] = {
    "G0": CycleClass(WW, "none"),
    "G1c": CycleClass(WW | WR, "none"),
    "G-single": CycleClass(WW | WR, "one"),
    "G-nonadjacent": CycleClass(WW | WR, "apart"),
    "G2-item": CycleClass(WW | WR, "any"),
}


def shortest_cycle(name: str, edges: Edges, nodes: int) -> list[Step] | None:
    """A short cycle of this class, or None. edges: with those of sessions or real time where they may be on it."""
    of_class = CLASSES[name]
    kept = edges if of_class.rw != "none" else edges.where((edges.kind & (RW | (WW | WR) & ~of_class.own)) == 0)
    inside, labels = cyclic_nodes(nodes, kept)[1:]
    close = kept.where(inside[kept.source] & (labels[kept.source] == labels[kept.target]))
    if not len(close):
        return None
    after: dict[int, list[Step]] = {}
    columns = (close.source.tolist(), close.target.tolist(), close.kind.tolist(), close.why.tolist())
    for step in zip(*columns, strict=True):
        after.setdefault(step[0], []).append(step)
    rw = of_class.rw
    starts: Sequence[Step] = [
        step for steps in after.values() for step in steps if of_class.rw == "none" or step[2] == RW
    ]
    starts = _few(starts)
    best: list[Step] | None = None
    for start in starts:
        way = _way_back(start, after, rw, len(best) if best else nodes + 1)
        if way is not None and (best is None or len(way) < len(best)):
            best = way
            if len(best) == 2:
                break
    return best


def _few(starts: Sequence[Step]) -> Sequence[Step]:
    if len(starts) <= STARTS_MAX:
        return starts
    return [starts[at] for at in np.linspace(0, len(starts) - 1, STARTS_MAX).astype(int).tolist()]


def _way_back(start: Step, after: Mapping[int, Sequence[Step]], rw: str, longest: int) -> list[Step] | None:
    """The shortest cycle that begins with this edge. A state is a node and whether an rw edge led to it."""
    first = (start[1], start[2] == RW)
    came: dict[tuple[int, bool], tuple[tuple[int, bool], Step] | None] = {first: None}
    left = deque([(first, 1)])
    while left:
        state, length = left.popleft()
        if length >= longest:
            return None
        for step in after.get(state[0], ()):
            anti = step[2] == RW
            if anti and (rw in ("none", "one") or (rw == "apart" and state[1])):
                continue
            if step[1] == start[0] and not (rw == "apart" and anti and start[2] == RW):
                return [start, *_unwound(came, state), step]
            following = (step[1], anti and rw == "apart")
            if following not in came and step[1] != start[0]:
                came[following] = (state, step)
                left.append((following, length + 1))
    return None


def _unwound(
    came: Mapping[tuple[int, bool], tuple[tuple[int, bool], Step] | None], state: tuple[int, bool]
) -> list[Step]:
    out: list[Step] = []
    while (back := came[state]) is not None:
        state, step = back
        out.append(step)
    return out[::-1]


def contracted(cycle: Sequence[Step], transactions: int) -> list[Step]:
    """The cycle without barriers: nodes from `transactions` on, through which real time and sessions may go."""
    turned = next(at for at, step in enumerate(cycle) if step[0] < transactions)
    out: list[Step] = []
    for step in (*cycle[turned:], *cycle[:turned]):
        if step[0] >= transactions:
            out[-1] = (out[-1][0], step[1], out[-1][2], out[-1][3])
        else:
            out.append(step)
    return out


__all__ = ["CLASSES", "RT", "Step", "contracted", "shortest_cycle"]
