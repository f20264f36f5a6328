"""Depth-first search with restarts, for monitors of containers whose elements repeat.

A wrong choice early shows late, so a search that goes back step by step is lost below it: the time it takes is short or
very long, by luck. Restarted with a little chance in the order of trying, it is mostly short (Gomes, Selman, Crato &
Kautz, "Heavy-tailed phenomena in satisfiability", JAR 2000). Configurations from which every way was tried are
remembered over all rounds, so a search that ends has tried everything. The chance is drawn from a fixed seed: the same
history takes the same way.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Generic, NamedTuple, TypeVar

from splitbrain.harness.budget import BudgetMeter

S = TypeVar("S", bound=Hashable)
ROUNDS = 12
"""Rounds before the last, which goes on to its end."""
_NOISE = 8.0
"""Events by which the order of trying is disturbed, times 1 to 4."""
_LOOK_EVERY = 64


class PairingWay(NamedTuple, Generic[S]):
    """A way on. rank: ways of less are tried first, in events. operations: those that are placed, in their order.
    following: where it leads."""

    rank: float
    operations: tuple[int, ...]
    following: S


class PairingOutcome(NamedTuple):
    """The end of a search. ways: operations placed, way by way, where an order was found. exhausted: whether there is
    none, as every way was tried. entered: configurations."""

    ways: list[tuple[int, ...]] | None = None
    exhausted: bool = False
    entered: int = 0


def search_with_restarts(
    start: S,
    ways_on: Callable[[S], Sequence[PairingWay[S]]],
    finished: Callable[[S], bool],
    most: int,
    spending: BudgetMeter,
) -> PairingOutcome:
    """Search from a configuration to one that is finished, entering at most so many."""
    search = _RestartedSearch(ways_on, finished, spending)
    for number in range(ROUNDS + 1):
        share = most // (2 * ROUNDS) if number < ROUNDS else most - search.entered
        outcome = search.round(start, _NOISE * (number % 5) if number < ROUNDS else 0.0, share)
        if outcome is not None:
            return outcome._replace(entered=search.entered)
        if spending.exhausted():
            break
    return PairingOutcome(entered=search.entered)


class _RestartedSearch(Generic[S]):
    def __init__(
        self, ways_on: Callable[[S], Sequence[PairingWay[S]]], finished: Callable[[S], bool], spending: BudgetMeter
    ) -> None:
        self.ways_on, self.finished, self.spending = ways_on, finished, spending
        self.chance = Random("restarts")
        self.dead: set[S] = set()
        self.entered = 0

    def round(self, start: S, noise: float, most: int) -> PairingOutcome | None:
        """Search until something is decided, or so many configurations were entered."""
        if start in self.dead:
            return PairingOutcome(exhausted=True)
        seen, until = {start}, self.entered + most
        path: list[tuple[S, Iterator[PairingWay[S]]]] = [(start, self._ordered(start, noise))]
        placed: list[tuple[int, ...]] = []
        while path:
            way = next(path[-1][1], None)
            if way is None:
                self.dead.add(path.pop()[0])
                if placed:
                    placed.pop()
                continue
            _, operations, following = way
            if following in seen or following in self.dead:
                continue
            if self.finished(following):
                return PairingOutcome([*placed, operations])
            self.entered += 1
            if self.entered > until or (self.entered % _LOOK_EVERY == 0 and self.spending.exhausted()):
                return None
            seen.add(following)
            path.append((following, self._ordered(following, noise)))
            placed.append(operations)
        return PairingOutcome(exhausted=True)

    def _ordered(self, state: S, noise: float) -> Iterator[PairingWay[S]]:
        ways = self.ways_on(state)
        if len(ways) < 2:
            return iter(ways)
        if not noise:
            return iter(sorted(ways, key=lambda way: way.rank))
        return iter(sorted(ways, key=lambda way: way.rank + noise * self.chance.random()))


def few_values(values: Iterable[int]) -> Iterator[frozenset[int]]:
    """Each value alone, and each pair: what is tried by itself, for a legal order stays legal without all calls about
    the other values."""
    known = sorted(set(values))
    if len(known) > 1:
        yield from (frozenset({value}) for value in known)
    if len(known) > 2:
        yield from (frozenset(pair) for pair in combinations(known, 2))
