"""`set` and `set-full` follow their definitions: against a naive reading of them, event by event."""

from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.set_full import SetFullCheck
from splitbrain.checkers.domain.sets import SetCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded
from .randomly import LONG, QUICK, differential, events, pairs

Pair = tuple[Event, Event | None]


def make(random: Random) -> list[Event]:
    """Adds of few elements and reads, mostly of what is there, sometimes not."""
    there: list[int] = []
    flaw = random.choice((0.0, 0.05, 0.3))

    def ask(random: Random) -> dict[str, Any]:
        if random.random() < 0.5:
            return {"f": "read", "value": None}
        element = random.randrange(6)
        if random.random() < 0.3:
            there.append(element)
        return {"f": "add", "value": element}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f == "add":
            if kind != "fail" and random.random() < 1 - flaw:
                there.append(invoked.value)
            return {}
        seen = sorted(set(there))
        if random.random() < flaw and seen:
            seen.pop(random.randrange(len(seen)))
        if random.random() < flaw / 4:
            seen.append(random.randrange(8))
        return {"value": tuple(seen) if kind == "ok" else None}

    return events(random, ask, answer, random.randint(1, 10))


def reads_of(recorded: list[Event]) -> list[tuple[int, int, tuple[Any, ...]]]:
    return [
        (i.index, c.index, c.value) for i, c in pairs(recorded) if i.f == "read" and c is not None and c.type == "ok"
    ]


def adds_of(recorded: list[Event]) -> list[Pair]:
    return [pair for pair in pairs(recorded) if pair[0].f == "add"]


def possible(adds: list[Pair], element: Any, before: int) -> bool:
    """Whether some add of an element that did not fail had begun."""
    return any(i.value == element and i.index < before and not (c and c.type == "fail") for i, c in adds)


def naive_set(recorded: list[Event], reads: str) -> Validity:
    adds, all_reads = adds_of(recorded), reads_of(recorded)
    if not all_reads:
        return Validity.UNKNOWN
    acknowledged = [(c.index, i.value) for i, c in adds if c is not None and c.type == "ok"]
    final = [max(all_reads, key=lambda read: read[1])]
    if reads == "final":
        last = max((at for at, _ in acknowledged), default=-1)
        final = [read for read in all_reads if read[0] > last] or final
    owed = False
    for invoke, complete, seen in final:
        due = {element for at, element in acknowledged if at < invoke}
        owed = owed or bool(due)
        if due - set(seen) or not all(possible(adds, element, complete) for element in seen):
            return Validity.INVALID
        if len(set(seen)) < len(seen):
            return Validity.INVALID
    return Validity.VALID if owed else Validity.UNKNOWN


def naive_set_full(recorded: list[Event], linearizable: bool) -> Validity:
    adds, reads = adds_of(recorded), reads_of(recorded)
    if not reads:
        return Validity.UNKNOWN
    for _, complete, seen in reads:
        if len(set(seen)) < len(seen) or not all(possible(adds, element, complete) for element in seen):
            return Validity.INVALID
    stable = 0
    for element in {i.value for i, c in adds if not (c and c.type == "fail")}:
        began = min(i.index for i, c in adds if i.value == element and not (c and c.type == "fail"))
        known = [c.index for i, c in adds if i.value == element and c and c.type == "ok"]
        known += [complete for _, complete, seen in reads if element in seen]
        telling = sorted((invoke, element in seen) for invoke, _, seen in reads if element in seen or invoke > began)
        if not known or not telling:
            continue
        missed = any(invoke > min(known) and not present for invoke, present in telling)
        if telling[-1][1]:
            stable += 1
            if missed and linearizable:
                return Validity.INVALID
        elif telling[-1][0] > min(known):
            return Validity.INVALID
    return Validity.VALID if stable else Validity.UNKNOWN


def run(name: str, count: int) -> None:
    if name in ("last", "final"):
        differential(f"set {name}", SetCheck(name), make, lambda h: naive_set(h, name), count)
    else:
        strict = name == "linearizable"
        differential(f"set-full {name}", SetFullCheck(strict), make, lambda h: naive_set_full(h, strict), count)


NAMES = ("last", "final", "plain", "linearizable")


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_its_definition(name: str) -> None:
    run(name, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_its_definition_at_length(name: str) -> None:
    run(name, LONG)


def check(*lines: str) -> Any:
    return SetCheck().check(recorded(*lines), Budget())


def test_a_lost_element_is_told() -> None:
    verdict = check("0 invoke add 1", "0 ok add 1", "1 invoke read", "1 ok read [2]")
    assert verdict.value is Validity.INVALID
    assert verdict.reason.startswith("n2 (process 1) read the set at 0.003 s without 1, yet its add had been ack")
    assert verdict.witness.events == (0, 1, 2, 3)


def test_an_element_of_a_failed_add_is_unexpected() -> None:
    verdict = check(
        "0 invoke add 1", "0 fail add 1", "0 invoke add 2", "0 ok add 2", "1 invoke read", "1 ok read [1 2]"
    )
    assert verdict.value is Validity.INVALID
    assert "with 1 in it, yet its add had failed" in verdict.reason


def test_an_add_of_unknown_end_may_be_there_or_not() -> None:
    before = ("0 invoke add 1", "0 info add 1", "2 invoke add 2", "2 ok add 2", "1 invoke read")
    assert check(*before, "1 ok read [2]").value is Validity.VALID
    assert check(*before, "1 ok read [1 2]").details["recovered"] == 1


def test_nodes_that_could_not_be_read_at_the_end_are_named() -> None:
    added = ("4 invoke read", "4 fail read", "0 invoke add 1", "0 ok add 1")
    read = ("0 invoke read", "0 ok read [1]")
    assert check(*added, *read).reason == "the final read has all 1 acknowledged elements"
    failed = ("2 invoke read", "2 fail read", "1 invoke read", "1 info read", "3 invoke read", "3 fail read")
    verdict = check(*added, *failed, *read, "3 invoke read", "3 ok read [1]")
    assert verdict.value is Validity.VALID and verdict.reason.endswith("elements; n3 and n2 could not be read then")


def test_a_read_that_came_too_soon_is_none_of_the_last() -> None:
    """Lines are a millisecond apart, and reads count 5 ms after the last add."""
    early = ("0 invoke add 1", "0 ok add 1", "1 invoke read", "1 ok read [1]", "2 invoke read", "2 ok read [1]")
    late = ("1 invoke read", "1 fail read", "2 invoke read", "2 ok read [1]")
    verdict = SetCheck(reads="final", after_seconds=0.005).check(recorded(*early, *late), Budget())
    assert verdict.value is Validity.VALID and verdict.reason.endswith("elements; n2 could not be read then")


def test_nil_is_the_empty_set() -> None:
    assert check("0 invoke add 1", "0 ok add 1", "1 invoke read", "1 ok read nil").value is Validity.INVALID


def test_what_is_no_set_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="returns its elements, not 5"):
        check("1 invoke read", "1 ok read 5")
    with pytest.raises(UsageError, match="does not know the operation `remove`"):
        check("1 invoke remove 1", "1 ok remove 1")


def test_values_of_different_types_are_different_elements() -> None:
    steps = (("invoke", "add", 1), ("ok", "add", 1), ("invoke", "read", None), ("ok", "read", (True,)))
    history = History.of(
        Event(index=i, time=i, process=0, type=t, f=f, value=v) for i, (t, f, v) in enumerate(steps)
    )  # fmt: skip
    assert SetCheck().check(history, Budget()).value is Validity.INVALID


def test_keys_are_sets_of_their_own() -> None:
    def event(i: int, kind: str, f: str, key: str, value: Any) -> Event:
        return Event(index=i, time=i, process=0, type=kind, f=f, key=key, value=value)

    history = History.of([
        event(0, "invoke", "add", "a", 1), event(1, "ok", "add", "a", 1),
        event(2, "invoke", "read", "b", None), event(3, "ok", "read", "b", (1,)),
        event(4, "invoke", "read", "a", None), event(5, "ok", "read", "a", (1,)),
    ])  # fmt: skip
    verdict = SetCheck().check(history, Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason.startswith("key b: process 0 read the set")
    assert [(child.key, child.value) for child in verdict.children] == [("a", Validity.VALID), ("b", Validity.INVALID)]
