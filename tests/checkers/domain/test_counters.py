"""`counter` by its definition: against the sums of all subsets of adds."""

from itertools import combinations
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.counters import CounterCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded
from .randomly import LONG, QUICK, differential, events, pairs


def make(random: Random) -> list[Event]:
    """Adds of either sign, and reads that are mostly right."""
    total = 0
    lowest = random.choice((1, -3))
    flaw = random.choice((0.0, 0.1, 0.3))

    def ask(random: Random) -> dict[str, Any]:
        adds = random.random() < 0.6
        return {"f": random.choice(("add", "increment")), "value": random.randint(lowest, 3)} if adds else {"f": "read"}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        nonlocal total
        if invoked.f != "read":
            total += invoked.value if kind != "fail" else 0
            return {}
        return {"value": total + (random.randint(-3, 3) if random.random() < flaw else 0)}

    return events(random, ask, answer, random.randint(1, 10))


def naive(recorded: list[Event]) -> Validity:
    """Verdict on whether each read is between the least and the greatest sum of what it owes and any subset of what it
    may have seen."""
    adds = [(i, c) for i, c in pairs(recorded) if i.f != "read" and not (c and c.type == "fail")]
    reads = [(i, c) for i, c in pairs(recorded) if i.f == "read" and c is not None and c.type == "ok"]
    for begin, end in reads:
        owed = [i for i, c in adds if c and c.type == "ok" and c.index < begin.index]
        free = [i.value for i, c in adds if i.index < end.index and i not in owed]
        sums = [
            sum(i.value for i in owed) + sum(subset)
            for size in range(len(free) + 1)
            for subset in combinations(free, size)
        ]
        if not min(sums) <= end.value <= max(sums):
            return Validity.INVALID
    return Validity.VALID if reads else Validity.UNKNOWN


def test_agrees_with_its_definition() -> None:
    differential("counter", CounterCheck(unread="unknown"), make, naive, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_agrees_with_its_definition_at_length() -> None:
    differential("counter", CounterCheck(unread="unknown"), make, naive, LONG)


def test_sums_of_fractions_may_be_rounded() -> None:
    lines = ["0 invoke add 0.1", "0 ok add 0.1", "0 invoke add 0.2", "0 ok add 0.2", "1 invoke read", "1 ok read 0.3"]
    assert CounterCheck().check(recorded(*lines), Budget()).value is Validity.VALID


def test_a_read_of_a_failed_add_is_told() -> None:
    verdict = CounterCheck().check(recorded("0 invoke add 1", "0 fail add 1", "1 invoke read", "1 ok read 1"), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason == "n2 (process 1) read 1 at 0.003 s, yet it cannot have been more than 0 by then"


def test_a_counter_nobody_read() -> None:
    history = recorded("0 invoke add 1", "0 ok add 1")
    assert CounterCheck().check(history, Budget()).value is Validity.VALID
    assert CounterCheck(unread="unknown").check(history, Budget()).value is Validity.UNKNOWN
