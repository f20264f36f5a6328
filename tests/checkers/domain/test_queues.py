"""`queue` and `total-queue` follow their definitions, written down with lists alone."""

from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.queues import QueueCheck, TotalQueueCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded
from .randomly import LONG, QUICK, differential, events, pairs


def make(random: Random) -> list[Event]:
    """Puts, takes and drains of few values; most elements come out once."""
    held: list[int] = []
    flaw = random.choice((0.0, 0.0, 0.1, 0.3))
    weights = random.choice(((1, 0, 0), (8, 1, 0), (8, 1, 1)))

    def ask(random: Random) -> dict[str, Any]:
        return random.choice(({"f": "enqueue", "value": random.randint(0, 4)}, {"f": "dequeue"}))

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f == "enqueue":
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                held.append(invoked.value)
            return {}
        if kind == "fail":
            return {}
        if random.random() < flaw:
            return {"value": random.randint(0, 5)}
        return {"value": held.pop(random.randrange(len(held))) if held else None}

    out = events(random, ask, answer, random.randint(1, 8), weights=weights)
    if random.random() < 0.7:
        found: list[int | None] = [value for value in held if random.random() >= flaw]
        if random.random() < flaw:
            found.append(random.choice((5, None)))
        for kind, value in (("invoke", None), ("ok" if random.random() < 0.95 else "info", tuple(found))):
            out.append(Event(index=len(out), time=out[-1].time + 1, process=99, type=kind, f="drain", value=value))
    return out


def taken(recorded_: list[Event], *, until: int | None = None) -> list[Any]:
    out: list[Any] = []
    for event in recorded_[:until]:
        if event.type == "ok" and event.f == "drain":
            out += event.value
        elif event.type == "ok" and event.f == "dequeue" and event.value is not None:
            out.append(event.value)
    return out


def tried(recorded_: list[Event], *, until: int | None = None) -> list[Any]:
    return [
        begun.value for begun, ended in pairs(recorded_)
        if begun.f == "enqueue" and (ended is None or ended.type != "fail") and (until is None or begun.index < until)
    ]  # fmt: skip


def observed(recorded_: list[Event]) -> bool:
    return bool(taken(recorded_))


def found_empty(recorded_: list[Event]) -> int:
    """The last beginning of an operation that found the queue empty, or left it so."""
    ended = [(begun, end) for begun, end in pairs(recorded_) if end is not None]
    unsure = any(begun.f != "enqueue" and end.type == "fail" for begun, end in ended)
    found = [
        begun.index for begun, end in ended
        if end.type == "ok" and (begun.f == "drain" or (begun.f == "dequeue" and end.value is None and not unsure))
    ]  # fmt: skip
    return max(found, default=-1)


def acknowledged_before(recorded_: list[Event], position: int) -> list[Any]:
    return [event.value for event in recorded_[: max(position, 0)] if event.f == "enqueue" and event.type == "ok"]


def naive_queue(recorded_: list[Event]) -> Validity:
    """Verdict on whether elements never come out more often than they had been tried to be put in."""
    if not observed(recorded_):
        return Validity.UNKNOWN
    for end in range(1, len(recorded_) + 1):
        out, into = taken(recorded_, until=end), tried(recorded_, until=end)
        if any(out.count(value) > into.count(value) for value in out):
            return Validity.INVALID
    return Validity.VALID


def naive_total(recorded_: list[Event], duplicates: str = "valid") -> Validity:
    out, into = taken(recorded_), tried(recorded_)
    acknowledged = [event.value for event in recorded_ if event.f == "enqueue" and event.type == "ok"]
    if any(value not in into for value in out):
        return Validity.INVALID
    if duplicates == "invalid" and any(out.count(value) > into.count(value) for value in out):
        return Validity.INVALID
    lost = sum(max(0, acknowledged.count(value) - out.count(value)) for value in set(acknowledged))
    before = acknowledged_before(recorded_, found_empty(recorded_))
    gone = sum(max(0, before.count(value) - out.count(value)) for value in set(before))
    open_ = [begun.f for begun, ended in pairs(recorded_) if ended is None or ended.type == "info"]
    if lost:
        excused = not gone or "drain" in open_ or gone <= open_.count("dequeue")
        return Validity.UNKNOWN if excused else Validity.INVALID
    return Validity.VALID if observed(recorded_) else Validity.UNKNOWN


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_they_agree_with_their_definitions(count: int) -> None:
    differential("queue", QueueCheck(), make, naive_queue, count)
    differential("total-queue", TotalQueueCheck(), make, naive_total, count)
    differential(
        "total-queue", TotalQueueCheck(duplicates="invalid"), make,
        lambda recorded_: naive_total(recorded_, "invalid"), count,
    )  # fmt: skip


def words(checker: QueueCheck | TotalQueueCheck, *lines: str) -> list[str]:
    verdict = checker.check(recorded(*lines), Budget())
    assert verdict.witness is not None
    return list(verdict.witness.words)


def test_a_witness_tells_what_happened_to_the_element() -> None:
    once = ("0 invoke enqueue 1", "0 ok enqueue 1", "1 invoke dequeue", "1 ok dequeue 1")
    assert words(QueueCheck(), *once, "2 invoke dequeue", "2 ok dequeue 1") == [
        "n3 (process 2) took 1 at 0.005 s, the 2nd time, yet only 1 put of it had begun",
        "0.000 s to 0.001 s: n1 (process 0) put in 1",
        "0.002 s to 0.003 s: n2 (process 1) took 1",
        "0.004 s to 0.005 s: n3 (process 2) took 1",
    ]
    assert words(QueueCheck(), "0 invoke dequeue", "0 ok dequeue 7")[0] == (
        "n1 (process 0) took 7 at 0.001 s, yet nobody had tried to put it in"
    )
    left = (*once, "2 invoke enqueue 5", "2 ok enqueue 5")
    assert words(TotalQueueCheck(), *left, "3 invoke drain", "3 ok drain []") == [
        "acknowledged, and never taken: 5",
        "0.004 s to 0.005 s: n3 (process 2) put in 5",
        "0.006 s to 0.007 s: n4 (process 3) left the queue empty",
    ]


def test_a_drain_that_is_no_list_is_told() -> None:
    with pytest.raises(UsageError, match="a drain returns a list"):
        QueueCheck().check(recorded("0 invoke drain", "0 ok drain 5"), Budget())


PUT = ("0 invoke enqueue 5", "0 ok enqueue 5")


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (PUT, "no drain or dequeue found the queue empty after"),
        ((*PUT, "1 invoke drain", "1 fail drain"), "no drain or dequeue found the queue empty after"),
        (("1 invoke drain", "1 ok drain []", *PUT), "no drain or dequeue found the queue empty after"),
        # Another consumer's failed dequeue may have had it for a while.
        ((*PUT, "1 invoke dequeue", "1 fail dequeue", "2 invoke dequeue", "2 ok dequeue nil"), "found the queue empty"),
        ((*PUT, "1 invoke drain", "1 info drain"), "no drain or dequeue found the queue empty after"),
        (("1 invoke dequeue", "1 ok dequeue nil"), "nothing was taken"),
        (("0 invoke enqueue 5", "0 fail enqueue 5", "1 invoke drain", "1 ok drain []"), "nothing was taken"),
        (("0 invoke enqueue 5", "0 info enqueue 5", "1 invoke drain", "1 ok drain []"), "nothing was taken"),
    ],
)
def test_a_queue_that_was_never_emptied_or_never_had_anything_says_nothing(lines: tuple[str, ...], word: str) -> None:
    total, plain = TotalQueueCheck().check(recorded(*lines), Budget()), QueueCheck().check(recorded(*lines), Budget())
    assert total.value is Validity.UNKNOWN and word in total.reason, total
    assert plain.value is Validity.UNKNOWN and "nothing was taken" in plain.reason, plain


def test_a_dequeue_that_found_nothing_proves_a_loss() -> None:
    lines = (*PUT, "1 invoke dequeue", "1 ok dequeue nil")
    assert TotalQueueCheck().check(recorded(*lines), Budget()).value is Validity.INVALID


def test_an_empty_history_is_unknown() -> None:
    assert TotalQueueCheck().check(History(), Budget()).value is Validity.UNKNOWN
