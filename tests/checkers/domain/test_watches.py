"""`watch` by its definition: against a naive reading of it, change by change."""

from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.watches import WatchCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .randomly import LONG, QUICK, differential, events, pairs

WatchedChange = tuple[str, int, Any]


def make(random: Random) -> list[Event]:
    """Writes with growing revisions and one watcher, which is drained at the end or not, with flaws in what it sees."""
    log: list[WatchedChange] = []
    at, value = 0, 0
    flaw = random.choice((0.0, 0.0, 0.2, 0.5))
    drains = random.random() < 0.8

    def ask(random: Random) -> dict[str, Any]:
        nonlocal value
        if random.random() < 0.4:
            return {"f": "watch", "key": "w", "value": 0}
        value += 1
        return {"f": "write", "key": random.choice(("w0", "w1", "x")), "value": value}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f == "write":
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                log.append((invoked.key, len(log) + 1, invoked.value))
            return {"revision": len(log)} if kind == "ok" else {}
        if kind != "ok":
            compacted = random.random() < 0.1
            return {"error": ("conflict", "compacted: up to 5") if compacted else ("timeout", "")}
        return {"value": seen(random)}

    def seen(random: Random) -> tuple[WatchedChange, ...]:
        nonlocal at
        changes = [change for change in log[at:] if change[0] != "x"]
        at = len(log)
        if changes and random.random() < flaw:
            which = random.randrange(len(changes))
            flawed = random.randrange(4)
            if flawed == 0:
                changes.pop(which)
            elif flawed == 1:
                changes.append(changes[which])
            elif flawed == 2:
                changes[which] = (changes[which][0], changes[which][1], 99)
            else:
                random.shuffle(changes)
        return tuple(changes)

    out = events(random, ask, answer, random.randint(2, 10), threads=2, weights=(8, 1, 1))
    if drains:
        fields: dict[str, Any] = {"f": "drain", "key": "w", "process": 100}
        out.append(Event(index=len(out), time=len(out) * 10**6, type="invoke", value=0, **fields))
        value_seen = seen(random) if random.random() > flaw / 2 else ()
        revision: dict[str, Any] = {"revision": len(log)} if random.random() < 0.5 else {}
        out.append(Event(index=len(out), time=len(out) * 10**6, type="ok", value=value_seen, **fields, **revision))
    return out


def naive(recorded: list[Event]) -> Validity:
    rows: list[tuple[Event, Any]] = list(pairs(recorded))
    writes = [(i, c) for i, c in rows if i.f == "write" and not (c and c.type == "fail")]
    answers = sorted(
        (i.index, i, c) for i, c in rows if i.f != "write" and c is not None and c.type == "ok"
    )  # fmt: skip
    if not any(i.f != "write" for i, _ in rows):
        return Validity.UNKNOWN
    seen = [change for _, _, c in answers for change in c.value]
    revisions = [revision for _, revision, _ in seen]
    acknowledged = {(c.revision, i.key): (i, c) for i, c in writes if c and c.type == "ok" and i.key.startswith("w")}
    if revisions != sorted(revisions) or len({(r, k) for k, r, _ in seen}) < len(seen):
        return Validity.INVALID
    for key, revision, value in seen:
        named = acknowledged.get((revision, key))
        if (named and named[0].value != value) or not any(i.key == key and i.value == value for i, _ in writes):
            return Validity.INVALID
    if any("compacted" in str(c.error) for i, c in rows if i.f != "write" and c is not None and c.type != "ok"):
        return Validity.UNKNOWN
    drains = [(i, c) for _, i, c in answers if i.f == "drain"]
    begun = min((c.index for _, _, c in answers), default=10**9)
    low = min([*revisions, *(r for (r, _), (i, _) in acknowledged.items() if i.index > begun)], default=10**9)
    high = max(
        [*revisions, *(r for (r, _), (_, c) in acknowledged.items() if drains and c.index < drains[0][0].index)],
        default=0,
    )
    if drains and type(drains[0][1].revision) is int:
        high = max(high, drains[0][1].revision)
    expected = {(r, k) for r, k in acknowledged if low <= r <= high}
    if expected - {(r, k) for k, r, _ in seen}:
        return Validity.INVALID
    return Validity.VALID if drains and expected else Validity.UNKNOWN


def test_agrees_with_its_definition() -> None:
    differential("watch", WatchCheck(), make, naive, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_agrees_with_its_definition_at_length() -> None:
    differential("watch", WatchCheck(), make, naive, LONG)


def of(*lines: tuple[Any, ...]) -> History:
    """A history of lines, each process, type, f, key, value and, for completions of writes, the revision."""
    return History.of(
        Event(
            index=i, time=i * 10**6, process=p, type=t, f=f, key=k, value=v, **({"revision": more[0]} if more else {})
        )
        for i, (p, t, f, k, v, *more) in enumerate(lines)
    )  # fmt: skip


WRITTEN = (
    (0, "invoke", "watch", "w", 7), (0, "ok", "watch", "w", ()),
    (1, "invoke", "write", "w0", 4), (1, "ok", "write", "w0", 4, 10),
    (1, "invoke", "write", "w1", 5), (1, "ok", "write", "w1", 5, 11),
    (0, "invoke", "drain", "w", 7),
)  # fmt: skip


def test_a_watcher_that_fell_silent_is_told() -> None:
    verdict = WatchCheck().check(of(*WRITTEN, (0, "ok", "drain", "w", ())), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason == (
        "watcher 7: never saw w0 = 4 of revision 10, acknowledged at 0.003 s by process 1, though it was drained"
    )
    assert verdict.witness is not None and [words.partition(": ")[2] for words in verdict.witness.words[-3:-1]] == [
        "process 1 write w0 4 (revision 10)", "process 0 drain w 7 → []",
    ]  # fmt: skip


def test_what_it_misses_is_unknown_until_it_is_drained() -> None:
    verdict = WatchCheck().check(of(*WRITTEN, (0, "fail", "drain", "w", 7)), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "not drained" in verdict.reason


def test_every_watcher_is_judged() -> None:
    changes = (("w0", 10, 4), ("w1", 11, 5))
    other = ((2, "invoke", "watch", "w", 8), (2, "ok", "watch", "w", changes[::-1]))
    verdict = WatchCheck().check(of(*WRITTEN, (0, "ok", "drain", "w", changes), *other), Budget())
    assert verdict.value is Validity.INVALID
    assert [child.value for child in verdict.children] == [Validity.VALID, Validity.INVALID]
    assert verdict.reason == ("watcher 8: saw w0 = 4 of revision 10 at 0.009 s, after w1 = 5 of revision 11")
