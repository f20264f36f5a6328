"""Pruning and a bounded complete search for pairs that may go either way, in one component of a graph.

Reachability is held as bits: a way is impossible if an edge of it closes a cycle or reaches a pair that is forbidden.
What is impossible decides the pair, which adds edges, until nothing changes. Then all pairs left are taken along an
order by time; where that closes cycles, only the pairs near them stay open and are pruned again, and if that fails
pairs are tried one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from splitbrain.checkers.transactions.graph import Ints, components, topological
from splitbrain.checkers.transactions.reachability import reached
from splitbrain.harness.budget import BudgetMeter

Pairs = list[tuple[int, int]]
Decision = tuple[int, int]
"""The last version of an earlier block, and the first of a later one."""
DEPTH_MAX = 200
"""The number of pairs that may be tried one inside the other."""


@dataclass(frozen=True)
class Direction:
    """One direction of a pair: the edges it adds, the pairs (a, b) for which a must not reach b, and its meaning."""

    edges: Pairs
    forbids: Pairs
    meaning: Decision

    def touches(self, nodes: set[int]) -> bool:
        """Whether it is about one of these nodes."""
        return any(one in nodes or other in nodes for one, other in (*self.edges, *self.forbids))


Pair = tuple[Direction, Direction]


@dataclass
class Component:
    """A component: known edges, forbidden pairs, and choices of which one way each is to be taken.

    times: when each node is thought to have come. decided: the meaning of the ways taken, once `search` has found that
    there is a solution."""

    times: Sequence[int]
    edges: Pairs
    forbids: Pairs = field(default_factory=list)
    choices: list[Pair] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)
    doubt: str | None = None

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.times)

    def search(self, spending: BudgetMeter) -> bool | None:
        """Whether there is a solution; None, with `doubt`, if that was not found out."""
        return self._solved(list(self.edges), list(self.forbids), list(self.choices), [], spending, 0)

    def _solved(
        self, edges: Pairs, forbids: Pairs, choices: list[Pair], taken: list[Direction], spending: BudgetMeter,
        depth: int,
    ) -> bool | None:  # fmt: skip
        spending.configurations += 1
        pruned = self._pruned(edges, forbids, choices, taken, spending)
        if pruned is None or isinstance(pruned, bool):
            return pruned
        choices = pruned
        place = self._places(edges)
        guess = [one if _ahead(place, one) else other for one, other in choices]
        wrong = self._wrong(edges, forbids, guess)
        if not wrong:
            self.decided = [way.meaning for way in (*taken, *guess)]
            return True
        if depth == DEPTH_MAX:
            self.doubt = f"more than {DEPTH_MAX} pairs would have to be tried one inside the other"
            return None
        near = [way.touches(wrong) for way in guess]
        kept = [choice for choice, close in zip(choices, near, strict=True) if close]
        if len(kept) < len(choices):
            assumed = [way for way, close in zip(guess, near, strict=True) if not close]
            found = self._solved(*_with(edges, forbids, assumed), kept, [*taken, *assumed], spending, depth + 1)
            if found:
                return True
        at = near.index(True) if True in near else 0
        rest = choices[:at] + choices[at + 1 :]
        one, other = choices[at]
        for way in (one, other) if guess[at] is one else (other, one):
            found = self._solved(*_with(edges, forbids, [way]), rest, [*taken, way], spending, depth + 1)
            if found is not False:
                return found
        return False

    def _places(self, edges: Pairs) -> list[int]:
        """The place of each node in an order along the edges, by time where they leave it open."""
        source, target = _columns(edges)
        place = [0] * self.nodes
        for at, node in enumerate(topological(self.nodes, source, target, self.times)):
            place[node] = at
        return place

    def _wrong(self, edges: Pairs, forbids: Pairs, guess: Sequence[Direction]) -> set[int]:
        """The nodes on cycles, or of a forbidden pair that is reached, once these ways are taken; none if fine."""
        more, barred = _with(edges, forbids, guess)
        source, target = _columns(more)
        count, labels = components(self.nodes, source, target)
        if count < self.nodes:
            return set(np.flatnonzero(np.bincount(labels)[labels] > 1).tolist())
        found = reached(self.nodes, source, target, barred)
        return set(found or ())

    def _pruned(
        self,
        edges: Pairs,
        forbids: Pairs,
        choices: list[Pair],
        taken: list[Direction],
        spending: BudgetMeter,
    ) -> "list[Pair] | bool | None":
        """The choices left, once all that is forced was taken; False if there is no way."""
        while True:
            if (limit := spending.exhausted()) is not None:
                self.doubt = limit
                return None
            reach = closure(self.nodes, edges)
            if reach is None or _violated(reach, forbids):
                return False
            left = []
            for one, other in choices:
                free, back = _possible(reach, one), _possible(reach, other)
                if free and back:
                    left.append((one, other))
                elif free or back:
                    way = one if free else other
                    edges += way.edges
                    forbids += way.forbids
                    taken.append(way)
                else:
                    return False
            if len(left) == len(choices):
                return left
            choices = left


def closure(nodes: int, edges: Pairs) -> list[int] | None:
    """The nodes that each node reaches, as bits; None if there is a cycle."""
    after: list[list[int]] = [[] for _ in range(nodes)]
    waiting = [0] * nodes
    for source, target in edges:
        after[target].append(source)
        waiting[source] += 1
    ready = [node for node in range(nodes) if not waiting[node]]
    reach = [0] * nodes
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        mask = reach[node] | 1 << node
        for before in after[node]:
            reach[before] |= mask
            waiting[before] -= 1
            if not waiting[before]:
                ready.append(before)
    return reach if done == nodes else None


def _possible(reach: list[int], way: Direction) -> bool:
    for source, target in way.edges:
        if source == target or reach[target] >> source & 1:
            return False
    return not any(reach[one] >> other & 1 for one, other in way.forbids)


def _violated(reach: list[int], forbids: Pairs) -> bool:
    return any(reach[one] >> other & 1 for one, other in forbids)


def _ahead(place: Sequence[int], way: Direction) -> bool:
    """Whether a way goes along an order."""
    source, target = way.edges[0]
    return place[source] < place[target]


def _with(edges: Pairs, forbids: Pairs, ways: Sequence[Direction]) -> tuple[Pairs, Pairs]:
    """The edges and forbidden pairs with those of these ways."""
    more = [edge for way in ways for edge in way.edges]
    return edges + more, forbids + [pair for way in ways for pair in way.forbids]


def _columns(edges: Pairs) -> tuple[Ints, Ints]:
    columns = np.asarray(edges, dtype=np.int32).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]
