"""Jepsen's causal-reverse, comments and sequential: known answers, after their definitions and the reports on them."""

from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict

W, R = "write", "read"


def history(*rows: tuple[int, str, str, Any]) -> History:
    """Events: process, type, f, value."""
    return History.of(Event(index=0, time=0, process=p, type=kind, f=f, value=value) for p, kind, f, value in rows)


def done(process: int, f: str, value: Any) -> list[tuple[int, str, str, Any]]:
    return [(process, "invoke", f, None if f == R else value), (process, "ok", f, value)]


def verdict(model: str, *rows: tuple[int, str, str, Any]) -> Verdict:
    return entry(model).make().check(history(*rows), Budget())


WRITTEN = [*done(0, W, 1), *done(1, W, 2)]
CONCURRENT = [(0, "invoke", W, 1), (1, "invoke", W, 2), (0, "ok", W, 1), (1, "ok", W, 2)]


@pytest.mark.parametrize("model", ["jepsen-causal-reverse", "jepsen-comments"])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*WRITTEN, *done(2, R, (2,))], "invalid"),
        ([*WRITTEN, *done(2, R, (1,))], "valid"),  # stale, which is another question
        ([*WRITTEN, *done(2, R, (1, 2))], "valid"),
        ([*WRITTEN, *done(2, R, ())], "unknown"),  # what shows no write can miss none
        ([*CONCURRENT, *done(2, R, (2,))], "valid"),
        ([*done(0, W, 1), *done(0, W, 2), *done(0, W, 3), *done(2, R, (1, 3))], "invalid"),
        # The first write's end is unknown: it may come after the second.
        ([(0, "invoke", W, 1), (0, "info", W, 1), *done(1, W, 2), *done(2, R, (2,))], "valid"),
        ([(0, "invoke", W, 1), (0, "fail", W, 1), *done(1, W, 2), *done(2, R, (2,))], "valid"),
        # What is seen counts though its end is unknown.
        ([*done(0, W, 1), (1, "invoke", W, 2), (1, "info", W, 2), *done(2, R, (2,))], "invalid"),
        # A read that runs beside both writes may see none, but not the second alone.
        ([(2, "invoke", R, None), *WRITTEN, (2, "ok", R, (2,))], "invalid"),
        (WRITTEN, "unknown"),
    ],
)
def test_a_write_is_not_seen_without_those_that_had_ended_before_it(model, rows, expected):
    assert verdict(model, *rows).value.value == expected


@pytest.mark.parametrize(
    ("writes", "said"),
    [
        ([*done(0, W, "7_0"), *done(0, W, "7_1"), *done(0, W, "7_2")], 'saw "7_2" and not "7_1", which process 0 had'),
        (done(0, W, 7), 'saw "7_2" and not the one that its client had written before it'),
    ],
)
def test_the_witness_names_the_subkey_that_is_not_there(writes: Any, said: str) -> None:
    found = verdict("jepsen-sequential", *writes, *done(1, R, (7, ("7_2", None, "7_0"))))
    assert found.witness is not None and said in found.reason
    assert len(found.witness.words) == len(found.witness.events) // 2 + 1 > 2, "writes are shown beside the read"


def test_the_witness_names_both_writes_and_the_read():
    found = verdict("jepsen-comments", *WRITTEN, *done(2, R, (2,)))
    assert found.witness is not None and found.witness.events == (0, 1, 2, 3, 4, 5)
    assert found.reason == (
        "read of process 2 saw 2 and not 1, though the write of 1 had ended before that of 2 was invoked"
    )


@pytest.mark.parametrize(
    ("subkeys", "expected"),
    [
        ((None, None, None), "unknown"),
        ((None, None, "7_0"), "valid"),
        ((None, "7_1", "7_0"), "valid"),
        (("7_2", "7_1", "7_0"), "valid"),
        (("7_2", None, "7_0"), "invalid"),
        (("7_2", "7_1", None), "invalid"),
        ((None, "7_1", None), "invalid"),
    ],
)
def test_a_subkey_is_not_seen_without_those_written_before_it(subkeys, expected):
    assert verdict("jepsen-sequential", *done(0, W, 7), *done(1, R, (7, subkeys))).value.value == expected


@pytest.mark.parametrize("value", [frozenset((1, 2)), (7, frozenset(("7_0",))), frozenset((1, 2, 3))])
def test_a_set_has_no_order_of_subkeys(value):
    with pytest.raises(UsageError, match="in their order, as a list"):
        verdict("jepsen-sequential", *done(0, W, 7), *done(1, R, value))


def test_an_empty_read_where_nothing_was_added_says_nothing() -> None:
    assert verdict("jepsen-monotonic", *done(0, R, ())).value.value == "unknown"
