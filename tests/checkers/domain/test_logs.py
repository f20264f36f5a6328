"""The ordered log: each anomaly in a history of a few lines, and what is none."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.logs import LogCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

Row = tuple[Any, ...]


def sent(process: int, message: Any, offset: int | None = None, end: str = "ok") -> list[Row]:
    """A send, begun and ended at once."""
    return [(process, "invoke", "send", message, None), (process, end, "send", message, offset)]


def polled(process: int, *found: tuple[int, Any], whole: bool = False, end: str = "ok") -> list[Row]:
    """A poll with offsets and messages."""
    value = "start" if whole else None
    return [(process, "invoke", "poll", value, None), (process, end, "poll", found, None)]


def judged(*operations: Sequence[Row]) -> Verdict:
    rows = [row for operation in operations for row in operation]
    events = [
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
    return LogCheck().check(History.of(events), Budget())


FINE: Sequence[Sequence[Sequence[Row]]] = [
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1)), polled(1, (2, 2))),
    # Gaps between offsets are not messages.
    (sent(0, 1, 1), sent(0, 2, 9), polled(1, (1, 1), (9, 2))),
    # A message of unknown end, that came or not.
    (sent(0, 1, None, "info"), sent(1, 2, 5), polled(2, (4, 1), (5, 2))),
    (sent(0, 1, None, "info"), sent(1, 2, 5), polled(2, (5, 2))),
    # Acknowledged behind all that was polled: not seen yet.
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1))),
    # Another client of the process may begin anywhere.
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1), (2, 2)), polled(1, end="fail"), polled(1, (1, 1))),
    # A whole poll begins anew.
    (sent(0, 1, 1), sent(0, 2, 2), polled(1, (1, 1), (2, 2)), polled(1, (1, 1), (2, 2), whole=True)),
    # Acknowledged without an offset, and there.
    (sent(0, 1), sent(0, 2), polled(1, (1, 1), (2, 2), whole=True)),
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
]


@pytest.mark.parametrize(("kind", "history"), WRONG)
def test_what_is_wrong_is_named_and_shown(kind: str, history: Sequence[Sequence[Row]]) -> None:
    verdict = judged(*history)
    assert verdict.value is Validity.INVALID
    assert kind in verdict.details["anomalies"]
    assert verdict.witness is not None and verdict.witness.events


def test_nothing_polled_is_unknown() -> None:
    assert judged(sent(0, 1, 1), polled(1)).value is Validity.UNKNOWN


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((sent(0, 1, 1), sent(1, 1, 2)), "sent twice"),
        (([(0, "invoke", "poll", None, None), (0, "ok", "poll", (1, 2), None)],), r"returns a list of \[offset"),
        (([(0, "invoke", "write", 1, None), (0, "ok", "write", 1, None)],), "does not know"),
    ],
)
def test_what_makes_no_sense_is_said(history: Sequence[Sequence[Row]], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        judged(*history)
