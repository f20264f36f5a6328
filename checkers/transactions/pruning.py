"""Pruning and a bounded complete search for pairs that may go either way, in one component of a graph.

Reachability is held as bits: a way is impossible if an edge of it closes a cycle or reaches a pair that is forbidden.
What is impossible decides the pair, which adds edges, until nothing changes; then the pairs left are tried, first in
the direction of a topological order.
"""

from dataclasses import dataclass, field

from splitbrain.harness.budget import BudgetMeter

Pairs = list[tuple[int, int]]
DEPTH_MAX = 200
"""The number of pairs that may be tried one inside the other."""


@dataclass(frozen=True)
class Direction:
    """One direction of a pair: the edges it adds, the pairs (a, b) for which a must not reach b, and its meaning: key,
    earlier block, later block."""

    edges: Pairs
    forbids: Pairs
    meaning: tuple[int, tuple[int, int], tuple[int, int]]


Pair = tuple[Direction, Direction]


@dataclass
class Component:
    """A component: nodes, known edges, forbidden pairs, and choices of which one way each is to be taken.

    decided: the meaning of the ways taken, once `search` has found that there is a solution."""

    nodes: int
    edges: Pairs
    forbids: Pairs = field(default_factory=list)
    choices: list[Pair] = field(default_factory=list)
    decided: list[tuple[int, tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    doubt: str | None = None

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
        reach, choices = pruned
        guess = [one if _ahead(reach, one) else other for one, other in choices]
        more = [edge for way in guess for edge in way.edges]
        added = [pair for way in guess for pair in way.forbids]
        whole = closure(self.nodes, edges + more)
        if whole is not None and not _violated(whole, forbids + added):
            self.decided = [way.meaning for way in (*taken, *guess)]
            return True
        if depth == DEPTH_MAX:
            self.doubt = f"more than {DEPTH_MAX} pairs would have to be tried one inside the other"
            return None
        (one, other), rest = choices[0], choices[1:]
        for way in (one, other) if guess[0] is one else (other, one):
            found = self._solved(
                edges + way.edges, forbids + way.forbids, rest, [*taken, way], spending, depth + 1
            )  # fmt: skip
            if found is not False:
                return found
        return False

    def _pruned(
        self,
        edges: Pairs,
        forbids: Pairs,
        choices: list[Pair],
        taken: list[Direction],
        spending: BudgetMeter,
    ) -> "tuple[list[int], list[Pair]] | bool | None":
        """Reachability and the choices left, once all that is forced was taken; False if there is no way."""
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
                return reach, left
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


def _ahead(reach: list[int], way: Direction) -> bool:
    """Whether a way goes along an order in which nodes that reach more come first."""
    source, target = way.edges[0]
    more, less = reach[source].bit_count(), reach[target].bit_count()
    return more > less or (more == less and source < target)
