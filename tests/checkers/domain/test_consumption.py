"""Consumption of a log: each anomaly in a history of a few lines, which semantics forbids it, and what is none."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.consumption import AT_LEAST_ONCE, AT_MOST_ONCE, EXACTLY_ONCE, ConsumedCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

Row = tuple[Any, ...]
LEAST, MOST, EXACTLY = AT_LEAST_ONCE, AT_MOST_ONCE, EXACTLY_ONCE


def sent(message: Any, offset: int | None = None, end: str = "ok") -> list[Row]:
    """A send, begun and ended at once."""
    return [("invoke", "send", message, None), (end, "send", message, offset)]


def effects(*found: tuple[int, Any], end: str = "ok") -> list[Row]:
    """A read of all effects."""
    return [("invoke", "effects", None, None), (end, "effects", found, None)]


def judged(check: ConsumedCheck, *operations: Sequence[Row]) -> Verdict:
    rows = [row for operation in operations for row in operation]
    told = [
        Event(
            index=i, time=i, process=i // 2, type=type_, f=f, value=value, key="a",
            revision=UNSET if revision is None else revision,
        )
        for i, (type_, f, value, revision) in enumerate(rows)
    ]  # fmt: skip
    return check.check(History.of(told), Budget())


@pytest.mark.parametrize("check", [LEAST, MOST, EXACTLY])
def test_one_effect_of_each_message_in_order_is_valid(check: ConsumedCheck) -> None:
    assert judged(check, sent(1, 1), sent(2, 2), effects((1, 1), (2, 2))).value is Validity.VALID
    # Of unknown end: an effect or none, and nobody knows of an offset.
    assert judged(check, sent(1, end="info"), sent(2, 2), effects((1, 1), (2, 2))).value is Validity.VALID
    assert judged(check, sent(1, end="info"), sent(2, 2), effects((2, 2))).value is Validity.VALID
    # A read that sees the effects of some, and a later one of all.
    assert judged(check, sent(1, 1), sent(2, 2), effects((1, 1)), effects((1, 1), (2, 2))).value is Validity.VALID


WRONG: Sequence[tuple[str, Sequence[ConsumedCheck], Sequence[Sequence[Row]]]] = [
    ("lost", (LEAST, EXACTLY), (sent(1, 1), sent(2, 2), effects((2, 2)))),
    ("lost", (LEAST, EXACTLY), (sent(1), sent(2), effects((2, 2)))),
    ("doubled", (MOST, EXACTLY), (sent(1, 1), effects((1, 1), (1, 1)))),
    ("doubled", (MOST, EXACTLY), (sent(1, end="info"), sent(2, 2), effects((1, 1), (2, 2), (1, 1)))),
    ("out-of-order", (EXACTLY,), (sent(1, 1), sent(2, 2), effects((2, 2), (1, 1)))),
    ("aborted", (LEAST, MOST, EXACTLY), (sent(1, end="fail"), effects((1, 1)))),
    ("aborted", (LEAST, MOST, EXACTLY), (sent(1, 1), effects((1, 1), (2, 7)))),
    ("aborted", (LEAST, MOST, EXACTLY), (effects((1, 1)), sent(1, 1))),
]


@pytest.mark.parametrize(("kind", "forbidding", "history"), WRONG)
def test_each_semantics_refutes_what_it_forbids_and_counts_the_rest(
    kind: str, forbidding: Sequence[ConsumedCheck], history: Sequence[Sequence[Row]]
) -> None:
    for check in (LEAST, MOST, EXACTLY):
        verdict = judged(check, *history)
        assert (verdict.value is Validity.INVALID) is (check in forbidding), (check.name, verdict.reason)
        assert kind in verdict.details["anomalies"]
        if check in forbidding:
            assert verdict.witness is not None and verdict.witness.events


def test_exactly_once_allows_one_order_of_effects() -> None:
    """All sequences of up to four effects of three messages, against the definition."""
    messages = (1, 2, 3)
    for length in range(1, 5):
        for order in {order[:length] for order in permutations(messages * 2, length)}:
            history = (*(sent(message, message) for message in messages), effects(*((one, one) for one in order)))
            lost = any(message not in order for message in messages if message <= max(order))
            doubled = len(set(order)) < length
            assert (judged(LEAST, *history).value is Validity.INVALID) is lost, order
            assert (judged(MOST, *history).value is Validity.INVALID) is doubled, order
            right = order == messages[:length]
            assert (judged(EXACTLY, *history).value is Validity.INVALID) is not right, order


def test_what_was_not_consumed_is_unknown_where_losses_count() -> None:
    history = (sent(1, 1), sent(2, 2), effects((1, 1)))
    assert judged(LEAST, *history).value is judged(EXACTLY, *history).value is Validity.UNKNOWN
    assert "1 of 2 acknowledged messages were not consumed" in judged(LEAST, *history).reason
    assert judged(MOST, *history).value is Validity.VALID


def test_effects_that_nobody_read_are_unknown_and_other_operations_an_error() -> None:
    assert judged(EXACTLY, sent(1, 1), effects(end="fail")).value is Validity.UNKNOWN
    with pytest.raises(UsageError, match="does not know the operation `read`"):
        judged(EXACTLY, [("invoke", "read", None, None), ("ok", "read", 1, None)])
    with pytest.raises(UsageError, match=r"a read of effects returns a list of \[offset, message\]"):
        judged(EXACTLY, sent(1, 1), [("invoke", "effects", None, None), ("ok", "effects", 5, None)])


@pytest.mark.parametrize("check", [LEAST, MOST, EXACTLY])
def test_consumers_that_did_nothing_say_nothing(check: ConsumedCheck) -> None:
    for end in ("ok", "info"):
        assert judged(check, sent(1, 1 if end == "ok" else None, end), effects()).value is Validity.UNKNOWN
