"""`conserved`: the total counts before the first transfer and after the last one."""

from typing import Any

import pytest

from splitbrain.checkers.domain.conserved import ConservedCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

MOVE = {"from": "a", "to": "b", "amount": 1}


def judged(*told: tuple[int, str, str, Any], total: int | None = None) -> Verdict:
    """The verdict on events: process, type, operation, value."""
    events = [
        Event(index=at, time=at, process=process, type=kind, f=f, value=value)
        for at, (process, kind, f, value) in enumerate(told)
    ]
    return ConservedCheck(total).check(History.of(events), Budget())


def read(process: int, a: int, b: int) -> list[tuple[int, str, str, Any]]:
    return [(process, "invoke", "read", None), (process, "ok", "read", {"a": a, "b": b})]


BEGUN, ENDED = (9, "invoke", "transfer", MOVE), (9, "ok", "transfer", MOVE)


def test_money_that_is_nowhere_for_a_while_is_counted() -> None:
    found = judged(*read(0, 5, 5), BEGUN, *read(1, 4, 5), ENDED, *read(2, 4, 6))
    assert found.value is Validity.VALID
    assert found.details["intermediate_reads"] == 1 and found.details["total"] == 10


@pytest.mark.parametrize(("a", "b", "word"), [(4, 5, "the total is 9, not 10"), (-1, 11, "account a has -1")])
def test_what_is_missing_in_the_end_refutes(a: int, b: int, word: str) -> None:
    found = judged(*read(0, 5, 5), BEGUN, ENDED, *read(2, a, b))
    assert found.value is Validity.INVALID and word in found.reason
    assert found.witness is not None and len(found.witness.events) == 4


def test_without_a_read_at_both_ends_nothing_could_refute() -> None:
    assert judged(BEGUN, ENDED, *read(2, 4, 6)).value is Validity.UNKNOWN
    assert judged(*read(0, 5, 5), BEGUN, ENDED).value is Validity.UNKNOWN
    assert judged(*read(0, 5, 5), BEGUN, *read(1, 0, 0)).value is Validity.UNKNOWN
    assert judged(BEGUN, ENDED, *read(2, 4, 6), total=10).value is Validity.VALID


def test_other_operations_are_wrong_use() -> None:
    with pytest.raises(UsageError):
        judged((0, "invoke", "write", 1), (0, "ok", "write", 1))
