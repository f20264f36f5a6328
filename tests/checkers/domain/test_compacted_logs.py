"""The compacted log: what may be gone and what may not, in histories of a few lines and in logs that are compacted."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.compacted_logs import CompactedLogCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

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
