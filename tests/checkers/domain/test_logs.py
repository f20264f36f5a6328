"""The ordered log: each anomaly in a history of a few lines, and what is none."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.logs import LogCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .randomly import LONG, QUICK, differential, events, pairs

Row = tuple[Any, ...]


def sent(process: int, message: Any, offset: int | None = None, end: str = "ok") -> list[Row]:
    """A send, begun and ended at once."""
    return [(process, "invoke", "send", message, None), (process, end, "send", message, offset)]


def batch(process: int, *told: tuple[int | None, Any], end: str = "ok", f: str = "send-batch") -> list[Row]:
    """A batch of messages, with the offsets that it was told."""
    messages = tuple(message for _, message in told)
    return [(process, "invoke", f, messages, None), (process, end, f, told if end == "ok" else messages, None)]


def polled(process: int, *found: tuple[int, Any], whole: bool = False, end: str = "ok") -> list[Row]:
    """A poll with offsets and messages."""
    value = "start" if whole else None
    return [(process, "invoke", "poll", value, None), (process, end, "poll", found, None)]


def judged(*operations: Sequence[Row]) -> Verdict:
    rows = [row for operation in operations for row in operation]
    told = [
        Event(
            index=i,
            time=i,
            process=p,
            type=type_,
            f=f,
            value=value,
            key="a",
            revision=UNSET if revision is None else revision,
        )
        for i, (p, type_, f, value, revision) in enumerate(rows)
    ]
    return LogCheck().check(History.of(told), Budget())


FINE: Sequence[Sequence[Sequence[Row]]] = [
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1)), polled(1, (2, 2))),
    # Gaps between offsets are not messages.
    (sent(0, 1, 1), sent(0, 2, 9), polled(1, (1, 1), (9, 2))),
    # A message of unknown end, that came or not.
    (sent(0, 1, None, "info"), sent(1, 2, 5), polled(2, (4, 1), (5, 2))),
    (sent(0, 1, None, "info"), sent(1, 2, 5), polled(2, (5, 2))),
    # Another client of the process may begin anywhere.
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1), (2, 2)), polled(1, end="fail"), polled(1, (1, 1))),
    # A whole poll begins anew.
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1), (2, 2)), polled(1, (1, 1), (2, 2), whole=True)),
    # Acknowledged without an offset, and there.
    (sent(0, 1), sent(0, 2), polled(1, (1, 1), (2, 2), whole=True)),
    # Batches: in order, of unknown end and in none, aborted and unseen, with offsets that nobody knows.
    (batch(0, (1, 1), (3, 2)), sent(0, 3, 4), polled(1, (1, 1), (3, 2), (4, 3), whole=True)),
    (batch(0, (1, 1), (3, 2), end="info"), polled(1, (1, 2), (2, 1), whole=True)),
    (batch(0, (1, 1), (2, 2), end="fail", f="send-aborted"), sent(0, 3, 4), polled(1, (4, 3), whole=True)),
    (batch(0, (None, 1), (3, 2)), polled(1, (1, 1), (3, 2), whole=True)),
]


@pytest.mark.parametrize("history", FINE)
def test_a_log_in_order_is_valid(history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.VALID, verdict.reason


WRONG: Sequence[tuple[str, Sequence[Sequence[Row]]]] = [
    ("lost", (sent(0, 1, 1), sent(0, 2, 2), polled(1, (2, 2)))),
    ("lost", (sent(0, 1), sent(0, 2), polled(1, (2, 2), whole=True))),
    # Polled once, and gone from under a later one.
    (
        "lost",
        (
            sent(0, 1, None, "info"),
            sent(1, 2, 3),
            polled(2, (2, 1)),
            polled(2, (3, 2), whole=True),
        ),
    ),
    ("aborted-read", (sent(0, 1, None, "fail"), polled(1, (1, 1)))),
    ("aborted-read", (polled(1, (1, 1)), sent(0, 1, 1))),
    ("aborted-read", (polled(1, (1, 7)),)),
    ("inconsistent-offset", (sent(0, 1, 1), sent(0, 2, 1), polled(1, (1, 1)), polled(2, (1, 2)))),
    ("inconsistent-offset", (sent(0, 1, 1), sent(1, 2, None, "info"), polled(2, (1, 2)), polled(3, (1, 1)))),
    ("duplicate", (sent(0, 1, 1), polled(1, (1, 1), (2, 1)))),
    ("poll-skip", (sent(0, 1, 1), sent(0, 2, 2), sent(0, 3, 3), polled(1, (1, 1), (3, 3)), polled(2, (2, 2)))),
    (
        "poll-skip",
        (sent(0, 1, 1), sent(0, 2, 2), sent(0, 3, 3), polled(1, (1, 1)), polled(1, (3, 3)), polled(2, (2, 2))),
    ),
    ("nonmonotonic-poll", (sent(0, 1, 1), sent(0, 2, 2), polled(1, (2, 2), (1, 1)))),
    ("nonmonotonic-poll", (sent(0, 1, 1), polled(1, (1, 1)), polled(1), polled(1, (1, 1)))),
    ("nonmonotonic-send", (sent(0, 1, 5), sent(1, 2, 4), polled(2, (4, 2), (5, 1)))),
    ("nonmonotonic-send", (batch(0, (2, 1), (1, 2), (3, 3)), polled(1, (1, 2), (2, 1), (3, 3)))),
    ("nonmonotonic-send", (batch(0, (2, 1), (4, 2)), sent(1, 3, 3), polled(1, (2, 1), (3, 3), (4, 2)))),
    ("lost", (batch(0, (1, 1), (2, 2)), sent(0, 3, 3), polled(1, (1, 1), (3, 3)))),
    ("lost", (batch(0, (None, 1), (None, 2)), sent(0, 3), polled(1, (1, 1), (3, 3), whole=True))),
    ("duplicate", (batch(0, (1, 1), (2, 2)), polled(1, (1, 1), (2, 2), (3, 1)))),
    ("aborted-read", (batch(0, (1, 1), (2, 2), end="fail", f="send-aborted"), polled(1, (2, 2)))),
    ("aborted-read", (batch(0, (1, 1), (2, 2), end="fail"), polled(1, (2, 2)))),
]


@pytest.mark.parametrize(("kind", "history"), WRONG)
def test_what_is_wrong_is_named_and_shown(kind: str, history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.INVALID
    assert kind in verdict.details["anomalies"]
    assert verdict.witness is not None and verdict.witness.events


UNDECIDED: Sequence[tuple[str, Sequence[Sequence[Row]]]] = [
    ("no message was polled", (polled(1), polled(1, whole=True))),
    ("no message was polled", (sent(0, 1, None, "info"), sent(1, 2, None, "fail"), polled(2, whole=True))),
    ("1 of 1 acknowledged messages were never polled", (sent(0, 1, 1), polled(1))),
    ("1 of 1 acknowledged messages were never polled", (sent(0, 1, 1), polled(1, whole=True, end="fail"))),
    # Acknowledged behind all that was polled: lost, or not seen yet.
    ("1 of 2 acknowledged messages were never polled", (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1)))),
    ("1 of 2 acknowledged messages were never polled", (sent(0, 1), sent(0, 2), polled(1, (1, 1), whole=True))),
]


@pytest.mark.parametrize(("words", "history"), UNDECIDED)
def test_what_nobody_polled_is_unknown(words: str, history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.UNKNOWN and words in verdict.reason


def produced(random: Random) -> list[Event]:
    """Sends and polls of a log that loses, doubles, swaps and makes up now and then; polls of everything at the end."""
    log: list[tuple[int, int]] = []
    numbers, cursor, flaw = iter(range(1, 100)), dict[Any, int](), random.choice((0.0, 0.0, 0.05, 0.3))

    def offset() -> int:
        last = max((place for place, _ in log), default=0)
        return last + random.choice((1, 1, 2)) if random.random() >= flaw else random.randint(1, last + 2)

    def ask(random: Random) -> dict[str, Any]:
        if random.random() < 0.4:
            return {"f": "send", "value": next(numbers)}
        if random.random() < 0.3:
            return {"f": random.choice(("send-batch", "send-aborted")), "value": (next(numbers), next(numbers))}
        return {"f": "poll", "value": random.choice((None, None, "start"))}

    def appended(random: Random, message: Any, kind: str) -> int | None:
        """The offset that is told of a message, which is there if all goes well."""
        place = offset()
        if (kind == "ok" or (kind == "info" and random.random() < 0.5)) != (random.random() < flaw / 2):
            log.append((place, message))
        if random.random() < flaw / 4:
            log.append((offset(), message))
        return place if kind == "ok" and random.random() < 0.7 else None

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f == "send":
            place = appended(random, invoked.value, kind)
            return {} if place is None else {"revision": place}
        if invoked.f != "poll":
            places = [(appended(random, message, kind), message) for message in invoked.value]
            return {"value": tuple(places)} if kind == "ok" else {}
        if kind != "ok":
            cursor.pop(invoked.process, None)
            return {}
        start = 0 if invoked.value == "start" else cursor.get(invoked.process, 0)
        there = sorted(log) if random.random() >= flaw else list(log)
        seen = [pair for pair in there if pair[0] > start and random.random() >= flaw / 3]
        if invoked.value != "start":
            seen = seen[: random.randint(0, 3)]
        if seen:
            cursor[invoked.process] = seen[-1][0]
        return {"value": tuple(seen)}

    out = events(random, ask, answer, random.randint(2, 9), weights=(9, 1, 1))
    if random.random() < 0.7:
        begun = Event(index=len(out), time=out[-1].time + 1, process=99, type="invoke", f="poll", value="start")
        ended = msgspec.structs.replace(begun, index=begun.index + 1, type="ok", **answer(random, begun, "ok"))
        out += [begun, ended]
    return out


BATCHES = ("send-batch", "send-aborted")


class NothingGone:
    """Messages that may be gone from a log, judged by the completion of a poll: none."""

    def __init__(self, recorded: list[Event]) -> None:
        pass

    def passing(self, message: Any, end: Event) -> bool:
        """Whether the message may have been gone when a poll came past it."""
        return False

    def whole(self, message: Any, end: Event) -> bool:
        """Whether a poll of everything may lack it, by what else it has."""
        return False

    def for_good(self, message: Any) -> bool:
        """Whether nobody need ever have polled it."""
        return False

    def reached(self, message: Any, end: Event) -> bool:
        """Whether a poll of everything came to its offset, and would have it if it was not gone."""
        return False


def naive_log(recorded: list[Event], gone: type[NothingGone] = NothingGone) -> Validity:
    """The definitions, one after the other, over all pairs."""
    done, may = pairs(recorded), gone(recorded)
    sends = {m: (i, c) for i, c in done if i.f != "poll" for m in (i.value if i.f in BATCHES else (i.value,))}
    acked = {m: c for m, (_, c) in sends.items() if c is not None and c.type == "ok"}
    polls = [(i, c) for i, c in done if i.f == "poll" and c is not None and c.type == "ok"]
    shown = [(offset, message) for _, c in polls for offset, message in c.value]
    ends = [(c, c.value if c.f in BATCHES else ((None if c.revision is UNSET else c.revision, c.value),))
            for c in {c.index: c for c in acked.values()}.values()]  # fmt: skip
    told = [(offset, message) for _, pairs_ in ends for offset, message in pairs_ if offset is not None]
    at_offset = {message: offset for offset, message in told}
    polled = {message for _, message in shown}
    wrong: list[Any] = []
    if shown:
        furthest, _, reader = max(((o, i.index, c) for i, c in polls for o, _ in c.value), key=lambda found: found[:2])
        wrong += [m for o, m in told if m not in polled and o <= furthest and not may.passing(m, reader)]
    for i, c in polls:
        having = {message for _, message in c.value}
        if i.value == "start" and having:
            latest = max((sends[m][0].index for m in having if m in sends), default=-1)
            lacked = {m for m in sends if m not in having and not may.whole(m, c)}
            wrong += [m for m, end in acked.items() if m in lacked and end.index < latest]
            wrong += [m for m in lacked if may.reached(m, c)]
            for _, other in polls:
                low = {m: min(o for o, n in [*shown, *told] if n == m) for _, m in other.value}
                earlier = other.index < i.index
                wrong += [m for m in low if earlier and m in lacked and low[m] < c.value[-1][0]]
        for _, m in c.value:
            send = sends.get(m)
            wrong += [m] if send is None or send[0].index > c.index else []
            wrong += [m] if send is not None and send[1] is not None and send[1].type == "fail" else []
    places = set(shown) | set(told)
    wrong += [a for a in places for b in places if (a[0] == b[0]) != (a[1] == b[1])]
    wrong += [m for m in at_offset for n in at_offset
              if acked[m].index < sends[n][0].index and at_offset[m] > at_offset[n]]  # fmt: skip
    for _, batch_ in ends:
        known = [offset for offset, _ in batch_ if offset is not None]
        wrong += [offset for offset in known if known != sorted(known)]
    for process in {i.process for i, _ in done}:
        at: int | None = None
        for i, end in done:
            if i.process != process:
                continue
            if end is None or end.type != "ok":
                at = None
            elif i.f == "poll":
                at = None if i.value == "start" else at
                for offset, _ in end.value:
                    skipped = at is not None and any(
                        at < other < offset and not any(may.passing(m, end) for place, m in places if place == other)
                        for other, _ in shown
                    )
                    wrong += [offset] if skipped or (at is not None and offset <= at) else []
                    at = offset
    if wrong:
        return Validity.INVALID
    return Validity.VALID if polled and all(m in polled or may.for_good(m) for m in acked) else Validity.UNKNOWN


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_it_agrees_with_its_definition(count: int) -> None:
    differential("log", LogCheck(), produced, naive_log, count, alone=False)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((sent(0, 1, 1), sent(1, 1, 2)), "sent twice"),
        ((sent(0, 1, 1), batch(1, (2, 2), (3, 1))), "sent twice"),
        (([(0, "invoke", "send-batch", 1, None), (0, "ok", "send-batch", 1, None)],), "a batch is a list of messages"),
        (([(0, "invoke", "send-batch", (1,), None), (0, "ok", "send-batch", (1,), None)],), r"list of its \[offset"),
        (
            ([(0, "invoke", "send-batch", (1, 2), None), (0, "ok", "send-batch", ((0, 1),), None)],),
            r"list of its \[offset",
        ),
        (([(0, "invoke", "poll", None, None), (0, "ok", "poll", (1, 2), None)],), r"returns a list of \[offset"),
        (([(0, "invoke", "write", 1, None), (0, "ok", "write", 1, None)],), "does not know"),
    ],
)
def test_what_makes_no_sense_is_said(history: Sequence[Sequence[Row]], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        judged(*history)


def test_a_witness_says_what_polls_brought_and_how_much_was_found() -> None:
    verdict = judged(sent(0, 1, 1), sent(0, 2, 2), sent(0, 3, 3), polled(1, (1, 1), (3, 3)))
    assert verdict.witness is not None and verdict.reason.endswith("polls reached offset 3, and none has it")
    assert verdict.witness.words[-2].endswith("process 1 poll → [[1 1] [3 3]]")
    assert verdict.witness.words[-1] == "found in all: lost 1"
    many = [(offset, offset) for offset in range(2, 30)]
    verdict = judged(*(sent(0, offset, offset) for offset in range(1, 30)), polled(1, *many))
    assert verdict.witness is not None
    assert verdict.witness.words[-2].endswith("polled 28 messages, at offsets 2 to 29")
