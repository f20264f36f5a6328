"""Jepsen's causal and monotonic: known answers, after their definitions."""

from typing import Any

import msgspec
import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict

Row = tuple[str, Any]
Tokens = tuple[tuple[int | None, int | None], ...]


def history(*rows: Row, tokens: Tokens = ()) -> History:
    """Operation and value, one after the other by one client; `add!` failed. tokens: those that each was invoked and
    ended with."""
    events = []
    for number, (word, value) in enumerate(rows):
        given = tokens[number] if number < len(tokens) else (None, None)
        f = word.rstrip("!")
        for kind, token in zip(("invoke", "fail" if word[-1] == "!" else "ok"), given, strict=True):
            told = None if kind == "invoke" and f != "write" and word[-1] != "!" else value
            event = Event(index=0, time=0, process=0, type=kind, f=f, value=told)
            events.append(event if token is None else msgspec.structs.replace(event, token=token))
    return History.of(events)


def causal(*rows: Row, tokens: Tokens = ()) -> Verdict:
    return entry("jepsen-causal").make().check(history(*rows, tokens=tokens), Budget())


ORDER = [("read-init", 0), ("write", 1), ("read", 1), ("write", 2), ("read", 2)]


def test_the_causal_order_of_jepsen() -> None:
    assert causal(*ORDER).value == "valid"
    assert causal(("read-init", None), *ORDER[1:]).value == "valid"
    assert causal(("write", 1)).value == "unknown"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("read-init", 5)], "read-init of process 0 returned 5, and the value is 0, as at first"),
        ([*ORDER[:4], ("read", 1)], "read of process 0 returned 1, and the value is 2"),
        ([*ORDER[:2], ("read", 0)], "read of process 0 returned 0, and the value is 1"),
        ([*ORDER[:1], ("write", 2)], "write of process 0 wrote 2, and the next write is of 1"),
    ],
)
def test_what_is_out_of_its_order_is_invalid(rows: list[Row], said: str) -> None:
    found = causal(*rows)
    assert (found.value, found.reason) == ("invalid", said)
    assert found.witness is not None and len(found.witness.words) == len(found.witness.events) // 2 + 1


def test_an_operation_is_linked_to_the_one_before_by_its_token() -> None:
    linked: Tokens = ((None, 1), (1, 2), (2, 3), (None, 4), (4, 5))
    assert causal(*ORDER, tokens=linked).value == "valid"
    found = causal(*ORDER, tokens=(*linked[:2], (1, 3)))
    assert found.reason == "read of process 0 was invoked with token 1, and the one before it ended with 2"


def test_a_read_out_of_its_order_is_shown_with_the_write_that_it_missed() -> None:
    found = causal(*ORDER[:4], ("read", None), ("read", 1))
    assert found.witness is not None and [words.partition(": ")[2] for words in found.witness.words[1:]] == [
        "process 0 write 2", "process 0 read → 1",
    ]  # fmt: skip


def monotonic(*rows: Row) -> Verdict:
    return entry("jepsen-monotonic").make().check(history(*rows), Budget())


ADDS = [("add", [1, 10]), ("add", [2, 20])]


@pytest.mark.parametrize(
    ("rows", "expected", "said"),
    [
        ([*ADDS, ("read", [[1, 10], [2, 20], [3, 30]])], "valid", "3 rows stand in the order"),
        ([*ADDS, ("read", [[1, 10], [2, 10]])], "valid", "2 rows stand in the order"),
        ([*ADDS, ("read", [{"val": 1, "sts": 10}, {"val": 2, "sts": 20}])], "valid", "2 rows stand in the order"),
        ([*ADDS, ("read", [[2, 10], [1, 20]])], "invalid", "value 1 of timestamp 20 stands after 2 of 10"),
        ([*ADDS, ("read", [[1, 20], [2, 10]])], "invalid", "timestamp 10 stands after 20"),
        ([*ADDS, ("read", [[1, 10], [1, 10], [2, 20]])], "invalid", "these values stand more than once: 1"),
        ([*ADDS, ("read", [[1, 10]])], "invalid", "these values were acknowledged and are missing: 2"),
        ([("add!", [2, 20]), ADDS[0], ("read", [[1, 10], [2, 20]])], "invalid", "though their adds failed: 2"),
        ([*ADDS, ("read", [[1, 10]]), ("read", [[1, 10], [2, 20]])], "valid", "2 rows"),
        (ADDS, "unknown", "the set was never read"),
    ],
)
def test_values_rise_with_timestamps_and_no_row_is_lost(rows: list[Row], expected: str, said: str) -> None:
    found = monotonic(*rows)
    assert found.value == expected, found
    assert said in found.reason


def test_a_witness_has_the_rows_that_were_read_and_the_add_of_the_one_that_is_missing() -> None:
    found = monotonic(*ADDS, ("read", [[1, 10]]))
    assert found.witness is not None and [words.partition(": ")[2] for words in found.witness.words[1:]] == [
        "process 0 add → [2 20]", "process 0 read → [[1 10]]",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [5, [5], [[1]], [["a", "b"]]])
def test_rows_that_are_none_are_wrong_use(value: Any) -> None:
    with pytest.raises(UsageError, match=r"row"):
        monotonic(("read", value))
