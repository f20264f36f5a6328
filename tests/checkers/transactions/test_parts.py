"""Transactions in two operations: joined to one, wherever others stand between, and judged as one."""

import pytest

from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.parts import joined
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity, Verdict

Line = tuple[int, str, str, tuple[object, ...] | None]


def history(*lines: Line) -> History:
    """Events of process, type, f and micro-operations."""
    return History.of(
        [
            Event(index=at, time=at, process=process, type=kind, f=f, value=value)
            for at, (process, kind, f, value) in enumerate(lines)
        ]
    )


def part(process: int, f: str, kind: str, asked: tuple[object, ...], seen: tuple[object, ...] = ()) -> list[Line]:
    return [(process, "invoke", f, asked), (process, kind, f, seen if kind == "ok" else asked)]


R, W = (("r", "x", None),), (("w", "y", 1),)
SKEW = (
    *part(0, "begin", "ok", R, R), *part(1, "begin", "ok", (("r", "y", None),), (("r", "y", None),)),
    *part(0, "commit", "ok", W, W), *part(1, "commit", "ok", (("w", "x", 1),), (("w", "x", 1),)),
)  # fmt: skip


def check(whole: History, level: str = "serializable") -> Verdict:
    return TransactionCheck("rw-register", level).check(whole, Budget())


def test_write_skew_of_two_that_are_open_at_once() -> None:
    verdict = check(history(*SKEW))
    assert verdict.value is Validity.INVALID and verdict.details["anomalies"] == ["G2-item"]
    assert "T0 read x = nil" in verdict.reason and "T2" in verdict.reason, "called by where they began"
    assert verdict.witness is not None and verdict.witness.events == tuple(range(8))
    alone = history(*(SKEW[event] for event in verdict.witness.events))
    assert check(alone).value is Validity.INVALID, "the witness shows it by itself"
    assert SpectrumCheck().check(history(*SKEW), Budget()).details["anomalies"] == ["G2-item"]


def test_parts_are_one_transaction_from_the_first_to_the_last_event() -> None:
    whole = joined(history(*SKEW)).history
    operations, values = whole.operations(), whole.pool.values
    assert list(zip(operations.invoke, operations.complete, strict=True)) == [(0, 5), (2, 7)]
    assert values[operations.result[0]] == (*R, *W) == values[operations.argument[0]]
    assert {values[f] for f in operations.f} == {"txn"}


@pytest.mark.parametrize(
    ("kind", "value"), [("fail", Validity.VALID), ("info", Validity.VALID), ("ok", Validity.INVALID)]
)
def test_a_transaction_ends_as_its_commit(kind: str, value: Validity) -> None:
    lines = [*SKEW[:6], *part(1, "commit", kind, (("w", "x", 1),), (("w", "x", 1),))]
    assert check(history(*lines)).value is value


def ends(whole: History) -> list[int]:
    return list(joined(whole).history.operations().ended)


def test_one_that_was_never_asked_to_commit_failed() -> None:
    after = part(0, "txn", "ok", (("r", "z", None),), (("r", "z", None),))
    assert ends(history(*SKEW[:2], *after)) == [EventType.FAIL, EventType.OK]
    assert ends(history(*SKEW[:2])) == [EventType.FAIL]
    assert ends(history(*SKEW[:2], (0, "invoke", "commit", W))) == [EventType.INFO]
    dirty = history(*part(0, "begin", "ok", W, W), *part(1, "txn", "ok", (("r", "y", None),), (("r", "y", 1),)))
    assert check(dirty, "read-committed").details["anomalies"] == ["G1a"]


def test_one_whose_first_part_has_an_unknown_end_was_never_asked_to_commit() -> None:
    lines = [*part(0, "begin", "info", W), *part(1, "txn", "ok", (("r", "y", None),), (("r", "y", 1),))]
    assert ends(history(*lines)) == [EventType.FAIL, EventType.OK]
    assert check(history(*lines), "read-committed").details["anomalies"] == ["G1a"]


def test_one_that_did_not_begin_has_nothing_to_commit() -> None:
    refused = [*part(0, "begin", "fail", R), *part(0, "commit", "fail", W)]
    assert ends(history(*refused)) == [EventType.FAIL]
    with pytest.raises(UsageError, match="event 2 commits, but process 0 has no open transaction"):
        check(history(*refused[:2], *part(0, "commit", "ok", W, W)))
    with pytest.raises(UsageError, match="event 0 is part of a transaction, and its value no list"):
        check(history((0, "invoke", "begin", None), (0, "ok", "begin", None), *part(0, "commit", "ok", W, W)))


def test_a_history_without_parts_is_left_alone() -> None:
    whole = history(*part(0, "txn", "ok", W, W))
    assert joined(whole).history is whole and whole.partner[0] != ABSENT
