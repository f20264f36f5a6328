"""`removals` by its definition: against a naive reading of it, element by element."""

from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.set_removals import RemovalCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded
from .randomly import LONG, QUICK, differential, events, pairs

ELEMENTS = 2


def make(random: Random) -> list[Event]:
    """A set of few elements, read with flaws now and then."""
    there: set[int] = set()
    flaw = random.choice((0.0, 0.0, 0.0, 0.1, 0.4))

    def ask(random: Random) -> dict[str, Any]:
        f = random.choice(("add", "remove", "read"))
        return {"f": f, "value": None if f == "read" else random.randrange(ELEMENTS)}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f != "read":
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                (there.add if invoked.f == "add" else there.discard)(invoked.value)
            return {}
        if kind != "ok":
            return {}
        return {"value": seen(random)}

    def seen(random: Random) -> tuple[int, ...]:
        return tuple(element for element in range(ELEMENTS) if (element in there) != (random.random() < flaw))

    out = events(random, ask, answer, random.randint(2, 12), threads=2, weights=(12, 1, 1))
    for _ in range(random.randrange(3)):
        out.append(Event(index=len(out), time=len(out) * 10**6, process=99, type="invoke", f="read", value=None))
        out.append(Event(index=len(out), time=len(out) * 10**6, process=99, type="ok", f="read", value=seen(random)))
    return out


def naive(reads: str) -> Any:
    def verdict(recorded: list[Event]) -> Validity:
        rows = pairs(recorded)
        read = [(i, c) for i, c in rows if i.f == "read" and c is not None and c.type == "ok"]
        if not read:
            return Validity.UNKNOWN
        acknowledged = [c.index for i, c in rows if i.f != "read" and c is not None and c.type == "ok"]
        if reads == "final":
            after = [(i, c) for i, c in read if all(i.index > index for index in acknowledged)]
            read = after or [max(read, key=lambda pair: pair[1].index)]
        gone = False
        for i, c in read:
            for element in range(ELEMENTS):
                begun = [(a, b) for a, b in rows if a.value == element and a.f != "read" and a.index < c.index]
                begun = [(a, b) for a, b in begun if b is None or b.type != "fail"]
                adds = [(a, b) for a, b in begun if a.f == "add"]
                removes = [(a, b) for a, b in begun if a.f == "remove"]

                def decided(some: list[Any], others: list[Any], begin: int = i.index) -> bool:
                    return any(
                        b is not None and b.type == "ok" and b.index < begin
                        and all(d is not None and d.type == "ok" and d.index < a.index for _, d in others)
                        for a, b in some
                    )  # fmt: skip

                if element in c.value and not adds:
                    return Validity.INVALID
                if adds and decided(removes, adds):
                    gone = True
                    if element in c.value:
                        return Validity.INVALID
                if decided(adds, removes) and element not in c.value:
                    return Validity.INVALID
        return Validity.VALID if gone else Validity.UNKNOWN

    return verdict


@pytest.mark.parametrize("reads", ["final", "all"])
def test_agrees_with_its_definition(reads: str) -> None:
    differential(f"removals {reads}", RemovalCheck(reads), make, naive(reads), QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("reads", ["final", "all"])
def test_agrees_with_its_definition_at_length(reads: str) -> None:
    differential(f"removals {reads}", RemovalCheck(reads), make, naive(reads), LONG)


def of(*lines: tuple[Any, ...]) -> History:
    """A history of lines, each process, type, f, value."""
    return History.of(
        Event(index=i, time=i * 10**6, process=p, type=t, f=f, value=v) for i, (p, t, f, v) in enumerate(lines)
    )


ADDED = ((0, "invoke", "add", 7), (0, "ok", "add", 7))
REMOVED = ((0, "invoke", "remove", 7), (0, "ok", "remove", 7))


def test_an_element_that_comes_back_is_told() -> None:
    read = ((1, "invoke", "read", None), (1, "ok", "read", (7,)))
    verdict = RemovalCheck().check(of(*ADDED, *REMOVED, *read), Budget())
    assert verdict.value is Validity.INVALID and verdict.witness is not None
    assert verdict.witness.words == (
        "process 1 read the set at 0.005 s with 7 in it, yet its remove had been acknowledged at 0.003 s by process 0",
        "0.000 s to 0.001 s: process 0 add 7",
        "0.002 s to 0.003 s: process 0 remove 7",
        "0.004 s to 0.005 s: process 1 read → [7]",
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((*ADDED, *REMOVED), Validity.VALID),
        ((*ADDED, REMOVED[0], (0, "info", "remove", 7)), Validity.UNKNOWN),
        ((ADDED[0], (0, "info", "add", 7), (1, "invoke", "remove", 7), (1, "ok", "remove", 7)), Validity.UNKNOWN),
        ((*ADDED, REMOVED[0], (0, "fail", "remove", 7)), Validity.INVALID),
        (REMOVED, Validity.UNKNOWN),
    ],
)
def test_what_a_read_of_nothing_says(lines: tuple[Any, ...], expected: Validity) -> None:
    read = ((9, "invoke", "read", None), (9, "ok", "read", ()))
    assert RemovalCheck().check(of(*lines, *read), Budget()).value is expected


def test_a_stale_read_counts_only_if_all_do() -> None:
    early = ((1, "invoke", "read", None), (1, "ok", "read", (7,)))
    late = ((1, "invoke", "add", 8), (1, "ok", "add", 8), (1, "invoke", "read", None), (1, "ok", "read", (8,)))
    history = of(*ADDED, *REMOVED, *early, *late)
    assert RemovalCheck("final").check(history, Budget()).value is Validity.VALID
    assert RemovalCheck("all").check(history, Budget()).value is Validity.INVALID


def test_nodes_that_could_not_be_read_at_the_end_are_named() -> None:
    changed = ("3 invoke read", "3 fail read", "0 invoke add 7", "0 ok add 7", "0 invoke remove 7", "0 ok remove 7")
    read = ("0 invoke read", "0 ok read []")
    failed = ("2 invoke read", "2 info read", "1 invoke read", "1 fail read", "1 invoke read", "1 ok read []")
    for lines, ending in ((changed, "all that had not"), ((*changed, *failed), "; n3 could not be read then")):
        verdict = RemovalCheck().check(recorded(*lines, *read), Budget())
        assert verdict.value is Validity.VALID and verdict.reason.endswith(ending)
