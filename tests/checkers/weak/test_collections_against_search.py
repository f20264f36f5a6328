"""Convergence of sets, lists and counters against exhaustive search by its definition, on tiny histories."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

QUICK, LONG = 400, 100_000
TYPES = {"set": "add", "list": "append", "counter": "increment"}


@dataclass(frozen=True)
class SmallUpdate:
    """One update. value: the element, or what is added. ended: ok, info or fail."""

    value: int
    ended: str


@dataclass(frozen=True)
class SmallCopies:
    """Updates one after another, reads that came then, and the final read of each copy."""

    type: str
    updates: tuple[SmallUpdate, ...]
    early: tuple[Any, ...]
    final: tuple[Any, ...]

    def history(self) -> History:
        steps: list[tuple[str, str, Any]] = [(TYPES[self.type], each.ended, each.value) for each in self.updates]
        steps += [("read", "ok", value) for value in (*self.early, *self.final)]
        copies = [None] * len(self.updates) + [0] * len(self.early) + list(range(len(self.final)))
        return History.of(
            Event(
                index=0, time=0, process=process, type=kind, f=f, node=f"n{copy or 0}",
                value=None if f == "read" and kind == "invoke" else value,
            )
            for process, ((f, ended, value), copy) in enumerate(zip(steps, copies, strict=True))
            for kind in ("invoke", ended)
        )  # fmt: skip


def states(copies: SmallCopies) -> Iterator[Any]:
    """Everything that a copy may hold that has what was acknowledged and some of what is of unknown outcome."""
    certain = [each.value for each in copies.updates if each.ended == "ok"]
    unsure = [each.value for each in copies.updates if each.ended == "info"]
    for count in range(len(unsure) + 1):
        for some in combinations(unsure, count):
            held = [*certain, *some]
            if copies.type == "list":
                yield from permutations(held)
            else:
                yield sum(held) if copies.type == "counter" else tuple(sorted(held))


def in_one_order(finals: Sequence[tuple[int, ...]]) -> bool:
    """Whether these lists are parts of one."""
    return any(
        all(tuple(each for each in whole if each in value) == value for value in finals)
        for whole in permutations(sorted({each for value in finals for each in value}))
    )


def expected(copies: SmallCopies) -> Validity:
    """Verdict on whether final reads agree on a state that a copy may hold; unknown where each does, and an update of
    unknown outcome may have happened in between."""
    possible = set(states(copies))
    if not set(copies.final) <= possible:
        return Validity.INVALID
    if len(set(copies.final)) == 1:
        return Validity.VALID
    if copies.type == "list" and not in_one_order(copies.final):
        return Validity.INVALID
    return Validity.UNKNOWN


def expected_strongly(copies: SmallCopies) -> Validity:
    """The same, and all reads of a list that returned the same elements returned them in one order."""
    reads = (*copies.early, *copies.final)
    if copies.type == "list" and any(set(one) == set(other) and one != other for one, other in combinations(reads, 2)):
        return Validity.INVALID
    return expected(copies)


def tiny(random: Random, of_type: str) -> SmallCopies:
    count = random.randint(1, 4)
    values = [random.choice((-2, 1, 3, 5)) for _ in range(count)] if of_type == "counter" else list(range(1, count + 1))
    updates = tuple(SmallUpdate(value, random.choice(("ok", "ok", "info", "fail"))) for value in values)
    possible = sorted(set(states(SmallCopies(of_type, updates, (), ()))))
    first = random.choice(possible)
    final = [first if random.random() < 0.7 else random.choice(possible) for _ in range(random.randint(2, 3))]
    if random.random() < 0.35:
        other = spoilt(random, final[-1])
        final[-1] = tuple(sorted(other)) if of_type == "set" else other
    early = [random.choice(possible) for _ in range(random.randint(0, 2))] if of_type == "list" else []
    return SmallCopies(of_type, updates, tuple(early), tuple(final))


def spoilt(random: Random, value: Any) -> Any:
    """A value that may be wrong: another sum, or other elements."""
    if isinstance(value, int):
        return value + random.choice((-1, 1, 2))
    if value and random.random() < 0.5:
        return tuple(each for each in value if each != random.choice(value))
    return (*value, random.randint(1, 5))


def compare(of_type: str, seed: int, count: int) -> None:
    random, found = Random(f"convergence of a {of_type} {seed}"), Counter[Validity]()
    for _ in range(count):
        copies = tiny(random, of_type)
        for model, by_search in (("convergence", expected), ("strong-convergence", expected_strongly)):
            verdict = entry(model).make({"settle": 0}).check(copies.history(), Budget())
            assert verdict.value is by_search(copies), (copies, verdict)
        found[verdict.value] += 1
    print(f"convergence of a {of_type}: {found}")
    assert 10 * min(found[Validity.VALID], found[Validity.INVALID]) >= count and found[Validity.UNKNOWN]


@pytest.mark.parametrize("of_type", TYPES)
def test_convergence_follows_its_definition(of_type: str) -> None:
    compare(of_type, 1, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("of_type", TYPES)
def test_convergence_follows_its_definition_on_many(of_type: str) -> None:
    compare(of_type, 2, LONG)
