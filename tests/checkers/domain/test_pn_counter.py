"""`pn-counter` by its definition: against the sums of all subsets of adds."""

from itertools import combinations
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain import pn_counter
from splitbrain.checkers.domain.pn_counter import PnCounterCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded
from .randomly import LONG, QUICK, differential, events, pairs


def make(random: Random) -> list[Event]:
    """Adds of either sign, reads that are mostly of some of them, and final reads of all."""
    made: list[int] = []
    flaw = random.choice((0.0, 0.1, 0.3))
    ending = False

    def ask(random: Random) -> dict[str, Any]:
        adds = not ending and random.random() < 0.6
        return {"f": "add", "value": random.choice((-5, -1, 1, 3, 10))} if adds else {"f": "read"}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f != "read":
            made.extend([invoked.value] if kind == "ok" or (kind == "info" and random.random() < 0.5) else [])
            return {}
        seen = made if random.random() < 0.7 else [delta for delta in made if random.random() < 0.5]
        return {"value": sum(seen) + (random.randint(-3, 3) if random.random() < flaw else 0)}

    return events(random, ask, answer, random.randint(1, 9))


def naive(recorded_: list[Event], final: bool = True) -> Validity:
    adds = [
        (begun, ended) for begun, ended in pairs(recorded_)
        if begun.f == "add" and not (ended and ended.type == "fail")
    ]  # fmt: skip
    reads = [
        (begun, ended) for begun, ended in pairs(recorded_) if begun.f == "read" and ended and ended.type == "ok"
    ]  # fmt: skip
    acknowledged = [ended.index for _, ended in adds if ended is not None and ended.type == "ok"]
    for begin, end in reads:
        owed: list[int] = []
        free = [begun.value for begun, _ in adds if begun.index < end.index]
        if final and all(index < begin.index for index in acknowledged):
            owed = [begun.value for begun, ended in adds if ended is not None and ended.type == "ok"]
            free = [
                begun.value for begun, ended in adds
                if begun.index < end.index and (ended is None or ended.type != "ok")
            ]  # fmt: skip
        sums = {sum(owed) + sum(some) for size in range(len(free) + 1) for some in combinations(free, size)}
        if end.value not in sums:
            return Validity.INVALID
    return Validity.VALID if reads else Validity.UNKNOWN


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_it_agrees_with_its_definition(count: int) -> None:
    differential("pn-counter", PnCounterCheck(), make, naive, count)
    differential("pn-counter", PnCounterCheck(final=False), make, lambda recorded_: naive(recorded_, False), count)


def test_a_witness_names_the_read_and_the_adds() -> None:
    lines = ("0 invoke add 2", "0 ok add 2", "1 invoke add 3", "1 info add 3", "2 invoke read", "2 ok read 3")
    verdict = PnCounterCheck().check(recorded(*lines), Budget())
    assert verdict.witness is not None
    assert verdict.witness.words == (
        "n3 (process 2) read 3 at 0.005 s, yet what was acknowledged makes 2, or 5 with the add of unknown end",
        "0.000 s to 0.001 s: n1 (process 0) add 2",
        "0.002 s to 0.003 s: n2 (process 1) add 3 (unknown end)",
        "0.004 s to 0.005 s: n3 (process 2) read → 3",
    )


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("0 invoke add 2", "0 ok add 2", "2 invoke read", "2 ok read 7"), "yet all that was acknowledged makes 2"),
        (
            ("0 invoke add 9", "1 invoke add 1", "2 invoke add 1", "2 ok add 1", "3 invoke read", "3 ok read 5"),
            "yet what was acknowledged makes 1, and no choice of the 2 adds of unknown end makes it 5",
        ),
        (("2 invoke read", "2 ok read 7", "0 invoke add 2", "0 ok add 2"), "yet no add had begun, so that it was 0"),
        (
            ("0 invoke add 2", "2 invoke read", "2 ok read 7", "0 ok add 2"),
            "which adds begun by then, any of the 1, do not make of 0",
        ),
    ],
)
def test_a_witness_says_which_sums_there_could_be(lines: tuple[str, ...], sentence: str) -> None:
    verdict = PnCounterCheck().check(recorded(*lines), Budget())
    assert verdict.value is Validity.INVALID and sentence in verdict.reason


def test_sums_that_are_too_far_apart_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pn_counter, "SPAN_MAX", 100)
    lines = ("0 invoke add 99", "0 ok add 99", "0 invoke add -5", "0 ok add -5", "0 invoke read", "0 ok read 1")
    verdict = PnCounterCheck().check(recorded(*lines), Budget())
    assert verdict.value is Validity.UNKNOWN and "too many to look at" in verdict.reason


def test_what_is_no_integer_is_told() -> None:
    with pytest.raises(UsageError, match="an add takes an integer, not x"):
        PnCounterCheck().check(recorded("0 invoke add x", "0 ok add x"), Budget())
