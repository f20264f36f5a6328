"""Transactions from lines, whose values never become objects, are those of events."""

import io
from random import Random

import msgspec
import pytest

from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.reading import NotJudged, transactions
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History

from .small import Maker

WORKLOADS = ("list-append", "rw-register")

pytest.importorskip("splitbrain.checkers.transactions.flat_native", reason="no compiled parts here")


def from_lines(events: list[Event]) -> History:
    return read(io.BytesIO(b"".join(msgspec.json.encode(event) + b"\n" for event in events)), "jsonl")


def told(history: History, workload: str) -> object:
    """The columns of a history, or the objection."""
    try:
        of = transactions(history, workload)
    except (NotJudged, UsageError) as refused:
        return str(refused)
    return {field: getattr(of, field) for field in TransactionHistory.__slots__ if field != "history"}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_columns_and_verdicts_are_those_of_events(workload: str) -> None:
    for number in range(200):
        events = Maker(Random(f"flat {workload} {number}"), workload == "list-append", worse=True).history(number % 9)
        lines, whole = from_lines(events), History.of(events)
        assert told(lines, workload) == told(whole, workload)
        assert lines.value_column.flat is not None
        check = TransactionCheck(workload)
        assert check.check(lines, Budget()) == check.check(whole, Budget()), number


def test_a_history_that_holds_stays_flat() -> None:
    for workload, word, seen in (("list-append", "append", [1]), ("rw-register", "w", 1)):
        steps: list[list[object]] = [[[word, "x", 1]], [["r", "x", seen]]]
        events = [
            Event(index=at, time=at, process=0, type=("invoke", "ok")[at % 2], f="txn", value=steps[at // 2])
            for at in range(4)
        ]
        history = from_lines(events)
        assert TransactionCheck(workload).check(history, Budget()).value.value == "valid"
        assert history.value_column.flat is not None


@pytest.mark.parametrize("workload", WORKLOADS)
def test_odd_values_are_told_as_of_events(workload: str) -> None:
    word = "append" if workload == "list-append" else "w"
    odd = (
        None, [], 5, [[]], [[word, 1, None]], [[word, 1, 1], [word, 1, 1]], [["x", 1, 1]], [["r", 1, [1]]],
        [["r", 1, 1]], [[word, 1, [1, 2]], ["r", 1, [[1, 2]]]], [[word, [1], 2], ["r", [1], [2]]], [["r", 1, []]],
    )  # fmt: skip
    for value in odd:
        for kinds in (("invoke", "ok"), ("invoke", "fail"), ("invoke", "info"), ("invoke",)):
            for asked in (value, [[word, 1, 1]]):
                events = [
                    Event(index=at, time=at, process=0, type=kind, f="txn", value=value if at else asked)
                    for at, kind in enumerate(kinds)
                ]
                assert told(from_lines(events), workload) == told(History.of(events), workload), events
