"""Secondary indexes: what a find may show while rows change, and what it may not."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from splitbrain.checkers.domain.index import IndexCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

SECOND = 1_000_000_000
FRESH, EVENTUAL = IndexCheck("index-fresh"), IndexCheck("index-eventual", settle=2.0)
Row = tuple[Any, ...]


def begun(process: int, f: str, value: Any, key: str | None = None) -> Row:
    """The begin of an operation."""
    return process, "invoke", f, value, key


def ended(process: int, f: str, value: Any, key: str | None = None, end: str = "ok") -> Row:
    """The end of an operation."""
    return process, end, f, value, key


def wrote(process: int, key: str, value: str, end: str = "ok") -> list[Row]:
    """A write, begun and ended at once."""
    return [begun(process, "write", value, key), ended(process, "write", value, key, end)]


def found(process: int, value: str, *keys: str) -> list[Row]:
    """A find, begun and ended at once."""
    return [begun(process, "find", value), ended(process, "find", keys)]


def judged(check: IndexCheck, rows: Sequence[Row], seconds_each: float = 0.0) -> Verdict:
    told = [
        Event(index=i, time=round(i * seconds_each * SECOND), process=p, type=end, f=f, value=value, key=key)
        for i, (p, end, f, value, key) in enumerate(rows)
    ]
    return check.check(History.of(told), Budget())


FINE: Sequence[Sequence[Row]] = [
    [*wrote(0, "a", "red"), *found(1, "red", "a"), *found(1, "blue")],
    [*wrote(0, "a", "red"), *wrote(0, "a", "blue"), *found(1, "blue", "a"), *found(1, "red")],
    # While it is written the row may be here or there, or at both, or at none.
    [*wrote(0, "a", "red"), begun(0, "write", "blue", "a"), *found(1, "red", "a"), *found(1, "blue", "a")],
    [*wrote(0, "a", "red"), begun(0, "write", "blue", "a"), *found(1, "red"), *found(1, "blue")],
    # The same while the find goes on.
    [*wrote(0, "a", "red"), begun(1, "find", "red"), *wrote(0, "a", "blue"), ended(1, "find", ())],
    [*wrote(0, "a", "red"), begun(1, "find", "red"), *wrote(0, "a", "blue"), ended(1, "find", ("a",))],
    # Of unknown end: now, later, or never.
    [*wrote(0, "a", "red"), *wrote(2, "a", "blue", "info"), *wrote(3, "a", "red"), *found(1, "red")],
    [*wrote(0, "a", "red"), *wrote(2, "a", "blue", "info"), *wrote(3, "a", "red"), *found(1, "blue", "a")],
    [*wrote(0, "a", "red"), *wrote(2, "a", "blue", "fail"), *found(1, "red", "a")],
]  # fmt: skip


@pytest.mark.parametrize("rows", FINE)
def test_a_row_may_be_where_it_may_have_been(rows: Sequence[Row]) -> None:
    verdict = judged(FRESH, rows)
    assert verdict.value is Validity.VALID, verdict.reason


WRONG: Sequence[tuple[str, Sequence[Row]]] = [
    ("missing", [*wrote(0, "a", "red"), *found(1, "red")]),
    ("missing", [*wrote(0, "a", "blue"), *wrote(0, "a", "red"), *wrote(0, "a", "red"), *found(1, "red")]),
    ("missing", [*wrote(0, "a", "red"), *wrote(2, "a", "blue", "fail"), *found(1, "red")]),
    ("without-row", [*wrote(0, "a", "red"), *wrote(0, "a", "blue"), *found(1, "red", "a")]),
    ("without-row", [*wrote(0, "a", "red"), *found(1, "red", "a", "b")]),
    ("without-row", [*wrote(0, "a", "red", "fail"), *wrote(1, "a", "blue"), *found(2, "red", "a")]),
    ("without-row", [*wrote(0, "a", "blue"), *found(1, "red", "a"), *wrote(0, "a", "red")]),
]


@pytest.mark.parametrize(("kind", "rows"), WRONG)
def test_what_is_wrong_is_named_and_shown(kind: str, rows: Sequence[Row]) -> None:
    verdict = judged(FRESH, rows)
    assert verdict.value is Validity.INVALID
    assert kind in verdict.details["anomalies"]
    assert verdict.witness is not None and verdict.witness.events
    assert any("find red → [" in words for words in verdict.witness.words), "it says what was answered"


def test_one_after_the_other_each_find_has_one_right_answer() -> None:
    """All histories of three writes of two rows and two values, one after the other, and all answers to a find."""
    choices = list(product(("a", "b"), ("red", "blue")))
    for writes in product(choices, repeat=3):
        state = dict(writes)
        right = {key for key, value in state.items() if value == "red"}
        for keys in ((), ("a",), ("b",), ("a", "b")):
            rows = [row for key, value in writes for row in wrote(0, key, value)]
            verdict = judged(FRESH, [*rows, *found(1, "red", *keys)])
            could_be_wrong = any(value == "red" for _, value in writes)
            expected = Validity.VALID if could_be_wrong else Validity.UNKNOWN
            assert verdict.value is (expected if set(keys) == right else Validity.INVALID), (writes, keys)


def test_an_index_that_is_told_afterwards_is_judged_in_the_end() -> None:
    rows = [*wrote(0, "a", "red"), *found(1, "red"), *found(1, "red", "a")]
    assert judged(FRESH, rows, 1.0).value is Validity.INVALID
    assert judged(EVENTUAL, rows, 1.0).value is Validity.VALID
    assert judged(EVENTUAL, rows, 0.1).value is Validity.UNKNOWN, "nothing was looked for late enough"
    assert judged(EVENTUAL, [*rows, *found(1, "red")], 1.0).value is Validity.INVALID


def test_what_nobody_looked_for_is_unknown_and_other_operations_an_error() -> None:
    assert judged(FRESH, wrote(0, "a", "red")).value is Validity.UNKNOWN
    with pytest.raises(UsageError, match="does not know the operation `read`"):
        judged(FRESH, [begun(0, "read", None, "a"), ended(0, "read", "red", "a")])
    with pytest.raises(UsageError, match="a find returns a list of keys"):
        judged(FRESH, [*wrote(0, "a", "red"), begun(1, "find", "red"), ended(1, "find", 5)])


def test_finds_of_what_no_row_had_say_nothing() -> None:
    for rows in ([*wrote(0, "a", "red"), *found(1, "blue")], [*found(1, "red"), *wrote(0, "a", "red")]):
        verdict = judged(FRESH, rows)
        assert verdict.value is Validity.UNKNOWN and "could have refuted" in verdict.reason
