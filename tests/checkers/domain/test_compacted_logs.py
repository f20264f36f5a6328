"""The compacted log: what may be gone and what may not, in histories of a few lines and in logs that are compacted."""

import os
import secrets
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.compacted_logs import CompactedLogCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .randomly import LONG, QUICK, differential, pairs
from .test_logs import NothingGone, naive_log

SECOND = 1_000_000_000
Row = tuple[int, str, str, Any, int | None, float]
Message = tuple[Any, ...]


def sent(process: int, message: Message, offset: int | None = None, end: str = "ok", at: float = 0.0) -> list[Row]:
    """A send, begun and ended at once."""
    return [(process, "invoke", "send-keyed", message, None, at), (process, end, "send-keyed", message, offset, at)]


def polled(process: int, *found: tuple[int, Message], whole: bool = False, at: float = 0.0) -> list[Row]:
    """A poll with offsets and messages."""
    value = "start" if whole else None
    return [(process, "invoke", "poll", value, None, at), (process, "ok", "poll", found, None, at)]


def judged(*operations: Sequence[Row]) -> Verdict:
    rows = [row for operation in operations for row in operation]
    told = [
        Event(
            index=i,
            time=round(at * SECOND) + i,
            process=process,
            type=type_,
            f=f,
            value=value,
            key="log",
            revision=UNSET if revision is None else revision,
        )
        for i, (process, type_, f, value, revision, at) in enumerate(rows)
    ]
    return CompactedLogCheck().check(History.of(told), Budget())


A1, A2, B3, GONE, B5 = ("a", 1), ("a", 2), ("b", 3), ("a", None, 4), ("b", 5)

FINE: Sequence[Sequence[Sequence[Row]]] = [
    (sent(0, A1, 1), sent(0, A2, 2), polled(1, (1, A1), (2, A2)), polled(2, (2, A2), whole=True)),
    # Superseded before anybody polled it.
    (sent(0, A1, 1), sent(0, A2, 2), sent(0, B3, 3), polled(1, (2, A2), (3, B3), whole=True)),
    # In passing: what superseded it is behind what was polled, and its end is not known.
    (sent(0, A1, 1), sent(9, A2, None, "info"), sent(0, B3, 3), polled(1, (3, B3)), polled(2, (3, B3), (4, A2))),
    # A deletion, and what it deleted, a second later.
    (sent(0, A1, 1), sent(0, GONE, 2), sent(0, B3, 3, at=1.5), polled(1, (3, B3), whole=True, at=1.5)),
    # A deletion without an offset may stand behind what is gone.
    (
        sent(0, A1, None),
        sent(9, GONE, None, "info"),
        sent(0, B3, 3, at=1.5),
        polled(1, (3, B3), whole=True, at=1.5),
    ),
]


@pytest.mark.parametrize("history", FINE)
def test_what_is_superseded_may_be_gone(history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.VALID, verdict.reason


WRONG: Sequence[tuple[str, Sequence[Sequence[Row]]]] = [
    # The last message of a key.
    ("lost", (sent(0, A1, 1), sent(0, A2, 2), sent(0, B3, 3), polled(1, (1, A1), (3, B3), whole=True))),
    ("lost", (sent(0, A1, 1), sent(0, B3, 3), polled(1, (3, B3), whole=True))),
    ("lost", (sent(0, A1, 1), sent(0, B3, 3), polled(1, (3, B3)))),
    # Superseded by a message of another key.
    ("lost", (sent(0, A1, 1), sent(0, B3, 2), sent(0, B5, 3), polled(1, (3, B5), whole=True))),
    # Polled once, passed over by another poll before anything was sent that could supersede it.
    (
        "poll-skip",
        (
            sent(0, A1, 1),
            sent(0, A2, 2),
            sent(0, B3, 3),
            polled(1, (1, A1), (2, A2)),
            polled(2, (1, A1), (3, B3)),
            sent(0, ("a", 9), 4),
        ),
    ),
    # A deletion that is gone too early: consumers took the key for alive.
    ("lost", (sent(0, A1, 1), sent(0, GONE, 2), sent(0, B3, 3), polled(1, (1, A1), (3, B3), whole=True, at=0.5))),
    (
        "poll-skip",
        (sent(0, GONE, 2), sent(0, B3, 3), polled(1, (2, GONE), (3, B3)), polled(2, (1, A1), (3, B3), at=0.5)),
    ),
    # Offsets that change.
    ("inconsistent-offset", (sent(0, A1, 1), sent(0, A2, 2), polled(1, (1, A2), whole=True))),
    ("duplicate", (sent(0, A1, 1), sent(0, A2, 2), polled(1, (1, A1), (2, A2)), polled(2, (1, A2), whole=True))),
]


@pytest.mark.parametrize(("kind", "history"), WRONG)
def test_what_is_missing_is_named_and_shown(kind: str, history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.INVALID, verdict.reason
    assert kind in verdict.details["anomalies"]
    assert verdict.witness is not None and verdict.witness.events


def test_what_nobody_came_to_is_unknown() -> None:
    verdict = judged(sent(0, A1, 1), sent(0, B3, 2), polled(1, (1, A1)))
    assert verdict.value is Validity.UNKNOWN and "1 of 2 acknowledged messages were never polled" in verdict.reason


@pytest.mark.parametrize("message", [7, ("a",), ("a", 1, 2), ("a", None)])
def test_messages_without_a_key_are_refused(message: Any) -> None:
    with pytest.raises(UsageError, match="a message is"):
        judged(sent(0, message, 1))


def logged(random: Random, keep: str) -> list[list[Row]]:
    """Sends, compactions and polls of everything by one reader each. keep: the message of a key that stays, "last" or
    "first"."""
    log: list[tuple[int, Message]] = []
    done: list[list[Row]] = []
    for number in range(1, 40):
        message = (random.choice("abc"), number)
        log.append((number, message))
        done.append(sent(0, message, number))
        if random.random() < 0.2:
            order = log if keep == "last" else list(reversed(log))
            kept = {key: offset for offset, (key, _) in order}
            log = [(offset, one) for offset, one in log if kept[one[0]] == offset]
        if random.random() < 0.2:
            done.append(polled(number, *log, whole=True))
    return [*done, polled(99, *log, whole=True)]


@pytest.mark.parametrize("seed", range(20))
def test_compactions_are_told_from_losses(seed: int) -> None:
    assert judged(*logged(Random(seed), "last")).value is Validity.VALID
    assert judged(*logged(Random(seed), "first")).value is Validity.INVALID


TICK = 1_000_000
"""Nanoseconds between two events of a random history."""
STAYS = 8
"""Ticks for which a deletion stays."""
CHECK = CompactedLogCheck(retention=STAYS * TICK / SECOND)


class CompactingLog:
    """A log whose messages give way to later ones of their key, and clients of it that are cut off at times. flaw: how
    often something is done wrong."""

    def __init__(self, random: Random, flaw: float) -> None:
        self.random, self.flaw = random, flaw
        self.entries: list[tuple[int, Message, int]] = []
        """Offset, message, and the time at which it came."""
        self.end = 0
        self.out: list[Event] = []
        self.late: list[Message] = []
        self.places: dict[Any, int] = {}
        """The offset up to which each process has polled."""

    def wrong(self) -> bool:
        """Whether to do the next thing wrong."""
        return self.random.random() < self.flaw

    def append(self, message: Message) -> int:
        """Put a message at the end; its offset."""
        self.end += 1 if self.random.random() < 0.8 else 2
        place = self.random.randint(1, self.end) if self.wrong() else self.end
        if not self.wrong():
            self.entries.append((place, message, len(self.out)))
        if self.wrong():
            self.entries.append((self.end + 1, message, len(self.out)))
            self.end += 1
        self.entries.sort(key=lambda entry: entry[0])
        return place

    def compact(self) -> None:
        """Drop some of the superseded messages, and old deletions that nothing is left before."""
        left = []
        for offset, message, came in self.entries:
            last = max(o for o, m, _ in self.entries if m[0] == message[0])
            first = not any(m[0] == message[0] for _, m, _ in left)
            old = message[1] is None and len(self.out) - came > STAYS and first
            if self.wrong():
                old = self.random.random() < 0.5
            if not (old or offset < last) or self.random.random() < 0.3:
                left.append((offset, message, came))
        self.entries = left

    def part(self, after: int, until: int) -> list[tuple[int, Message]]:
        """Offsets and messages that stand there now."""
        return [(o, m) for o, m, _ in self.entries if after < o <= until and not self.wrong()]

    def tell(self, process: Any, kind: str, **fields: Any) -> Event:
        """An event, after which the log may change by itself."""
        self.out.append(Event(index=len(self.out), time=len(self.out) * TICK, process=process, type=kind, **fields))
        event = self.out[-1]
        if self.late and self.random.random() < 0.2:
            self.append(self.late.pop())
        if self.random.random() < 0.3:
            self.compact()
        return event


def steps(log: CompactingLog, process: int, message: Message | None) -> Any:
    """One operation of a client, step by step: a send, or a poll. A generator, so that others come between."""
    random = log.random
    kind = random.choices(("ok", "fail", "info"), (8, 1, 1))[0]
    if message is not None:
        log.tell(process, "invoke", f="send-keyed", value=message, key="log")
        yield
        told = {}
        if kind == "ok" or (kind == "fail" and log.wrong()):
            place = log.append(message)
            told = {"revision": place} if kind == "ok" and random.random() < 0.7 else {}
            yield
        elif kind == "info" and random.random() < 0.7:
            log.late.append(message)
        log.tell(process, kind, f="send-keyed", value=message, key="log", **told)
        return
    whole = random.random() < 0.3
    log.tell(process, "invoke", f="poll", value="start" if whole else None, key="log")
    yield
    place = log.places.get(process, 0)
    if kind != "ok":
        log.places[process] = random.randint(0, place)
        log.tell(process, kind, f="poll", value="start" if whole else None, key="log")
        return
    if whole:
        middle = random.randint(0, log.end)
        found = log.part(0, middle)
        yield
        found += log.part(middle, log.end)
    else:
        found = log.part(place, log.end)[: random.randint(0, 3)]
    yield
    log.places[process] = found[-1][0] if found else 0 if whole else place
    log.tell(process, "ok", f="poll", value=tuple(found), key="log")


def compacted(*flaws: float) -> Callable[[Random], list[Event]]:
    """A maker of histories of a log with one of these flaws; most end with a poll of everything."""

    def make(random: Random) -> list[Event]:
        log, number = CompactingLog(random, random.choice(flaws)), 0
        under_way: dict[int, Any] = {}
        retired = [0, 0, 0]
        operations = random.randint(2, 9)
        while operations or under_way:
            thread = random.randrange(3)
            if thread not in under_way and operations:
                operations, number = operations - 1, number + 1
                key = random.choice("aab")
                message = random.choice(((key, number), (key, number), (key, None, number), None, None))
                # Numbers are not used twice: an operation of unknown end takes its process with it.
                under_way[thread] = steps(log, thread + 3 * retired[thread], message)
            if thread in under_way and next(under_way[thread], log) is log:
                del under_way[thread]
                retired[thread] += log.out[-1].type == "info"
        if random.random() < 0.8:
            log.tell(99, "invoke", f="poll", value="start", key="log")
            log.tell(99, "ok", f="poll", value=tuple(log.part(0, log.end)), key="log")
        return log.out

    return make


class Superseded(NothingGone):
    """Messages that may be gone from a compacted log, by its definition."""

    def __init__(self, recorded: list[Event]) -> None:
        done = pairs(recorded)
        self.sends = {i.value: (i, c) for i, c in done if i.f != "poll"}
        self.polls = [(i, c) for i, c in done if i.f == "poll" and c is not None and c.type == "ok"]
        shown = [pair for _, c in self.polls for pair in c.value]
        told = [(c.revision, m) for m, (_, c) in self.sends.items() if c and c.type == "ok" and c.revision is not UNSET]
        self.places = [*shown, *told]

    def offset(self, message: Any) -> int | None:
        """Lowest offset of it that somebody was told."""
        return min((offset for offset, other in self.places if other == message), default=None)

    def behind(self, other: Any, message: Any) -> bool:
        """Whether another message of the same key may stand behind this one."""
        (sent, _), (_, end) = self.sends[message], self.sends[other]
        if other == message or other[0] != message[0] or (end is not None and end.type == "fail"):
            return False
        place, further = self.offset(message), self.offset(other)
        if place is not None and further is not None:
            return further > place
        return end is None or end.type != "ok" or end.index > sent.index

    def old(self, message: Any, end: Event) -> bool:
        """Whether it is a deletion that need not be there any more."""
        sent, completed = self.sends[message]
        failed = completed is not None and completed.type == "fail"
        return message[1] is None and not failed and end.time - sent.time >= STAYS * TICK

    def passing(self, message: Any, end: Event) -> bool:
        if message not in self.sends:
            return False
        others = (o for o, (sent, _) in self.sends.items() if sent.index < end.index and self.behind(o, message))
        return self.old(message, end) or any(others)

    def whole(self, message: Any, end: Event) -> bool:
        here = [other for _, other in end.value if other in self.sends]
        deletions = (other for other in self.sends if self.old(other, end))
        place, later = (
            self.offset(message),
            [offset for offset, other in end.value if other in here and other[0] == message[0]],
        )
        by_here = max(later, default=0) > place if place is not None else any(self.behind(o, message) for o in here)
        return by_here or any(other == message or self.behind(other, message) for other in deletions)

    def for_good(self, message: Any) -> bool:
        place = self.offset(message)
        passed = place is not None and any(
            offset > place and other in self.sends and other[0] == message[0]
            for _, end in self.polls
            for offset, other in end.value
        )
        return passed or any(i.value == "start" and end.value and self.whole(message, end) for i, end in self.polls)

    def reached(self, message: Any, end: Event) -> bool:
        place = self.offset(message)
        return place is not None and place <= end.value[-1][0]


COUNTS = pytest.mark.parametrize(
    "count", [QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)


@COUNTS
def test_it_agrees_with_its_definition(count: int) -> None:
    def naive(recorded: list[Event]) -> Validity:
        return naive_log(recorded, Superseded)

    differential("compacted-log", CHECK, compacted(0.0, 0.03, 0.1), naive, count, alone=False)


@COUNTS
def test_a_log_that_is_right_is_never_refuted(count: int) -> None:
    """Not by definition, but by what a log does: clients at the same time, late messages, polls in two steps."""
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    random, make, valid = Random(seed), compacted(0.0), 0
    for _ in range(count):
        recorded = make(random)
        verdict = CHECK.check(History.of(recorded), Budget())
        valid += verdict.value is Validity.VALID
        assert verdict.value is not Validity.INVALID, "\n".join(map(str, [f"seed {seed}", verdict, *recorded]))
    assert valid > count // 2
