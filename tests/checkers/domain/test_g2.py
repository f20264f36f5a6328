"""`g2` and `dirty-reads` follow their definitions: against counting, and by small histories."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.dirty_reads import DirtyReadsCheck
from splitbrain.checkers.domain.g2 import G2Check
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .randomly import LONG, QUICK, differential, events, pairs


def operations(*told: tuple[str, str, Any, Any]) -> History:
    """A history of operations one after the other: f, how it ended, argument, result."""
    listed = []
    for place, (f, ended, argument, result) in enumerate(told):
        listed.append({"process": place, "type": "invoke", "f": f, "value": argument})
        listed.append({"process": place, "type": ended, "f": f, "value": result})
    return History.of([Event(index=at, time=at, **fields) for at, fields in enumerate(listed)])


def inserts(random: Random) -> list[Event]:
    """Inserts of a few keys, or of many, so that some succeed twice or none does."""
    numbers = iter(range(100))
    keys = random.choice((2, 50))

    def ask(random: Random) -> dict[str, Any]:
        row = next(numbers)
        return {"f": "insert", "value": (random.randrange(keys), random.choice(((row, None), (None, row))))}

    return events(random, ask, lambda random, invoked, kind: {}, random.randint(2, 6), weights=(3, 3, 1))


def counted(recorded: list[Event]) -> Validity:
    done = Counter(i.value[0] for i, c in pairs(recorded) if c is not None and c.type == "ok")
    turned_down = {i.value[0] for i, c in pairs(recorded) if c is not None and c.type == "fail"}
    if any(count > 1 for count in done.values()):
        return Validity.INVALID
    return Validity.VALID if done.keys() & turned_down else Validity.UNKNOWN


COUNTS = (QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)]))


@pytest.mark.parametrize("count", COUNTS)
def test_g2_by_counting(count: int) -> None:
    differential("g2", G2Check(), inserts, counted, count)


ROW, OTHER = (7, (1, None)), (7, (None, 2))


@pytest.mark.parametrize("ended", ["info", "ok"])
def test_a_key_of_which_nobody_was_turned_down_says_nothing(ended: str) -> None:
    alone = ("insert", ended, (8, (3, None)), (8, (3, None)))
    found = G2Check().check(operations(("insert", "ok", ROW, ROW), alone), Budget())
    assert found.value is Validity.UNKNOWN and "another insert was turned down" in found.reason
    twice = G2Check().check(operations(("insert", "info", ROW, ROW), ("insert", "fail", OTHER, OTHER)), Budget())
    assert twice.value is Validity.UNKNOWN


@pytest.mark.parametrize(("error", "expected"), [("refused", "unknown"), ("precondition", "valid")])
def test_an_insert_that_no_server_took_was_not_turned_down(error: str, expected: str) -> None:
    told = [("ok", ROW, UNSET), ("fail", OTHER, (error, "no"))]
    events = [
        Event(index=0, time=0, process=place, type=kind, f="insert", value=value, error=said)
        for place, (ended, value, error_) in enumerate(told) for kind, said in (("invoke", UNSET), (ended, error_))
    ]  # fmt: skip
    assert G2Check().check(History.of(events), Budget()).value.value == expected


def test_two_inserts_of_one_key_are_named() -> None:
    found = G2Check().check(
        operations(("insert", "ok", (7, (1, None)), (7, (1, None))), ("insert", "ok", (7, (None, 2)), (7, (None, 2)))),
        Budget(),
    )
    assert found.value is Validity.INVALID and found.witness is not None
    assert "key 7: 2 inserts succeeded" in found.reason
    assert [words.partition("inserted ")[2] for words in found.witness.words[1:]] == [
        "row 1 into table a",
        "row 2 into table b",
    ]


@pytest.mark.parametrize("value", [5, (7, 5), (7, (1, 2)), (7, (None, None))])
def test_what_is_no_insert_is_wrong_use(value: Any) -> None:
    with pytest.raises(UsageError):
        G2Check().check(operations(("insert", "ok", value, value)), Budget())


def dirty(*told: tuple[str, str, Any, Any]) -> Verdict:
    return DirtyReadsCheck().check(operations(*told), Budget())


def test_a_value_of_a_failed_write_may_not_be_read() -> None:
    plain = dirty(("write", "fail", 1, 1), ("write", "ok", 2, 2), ("read", "ok", None, (2, 1)))
    steps = dirty(
        ("txn", "fail", (("w", "x", 1),), (("w", "x", 1),)), ("txn", "ok", (("r", "x", None),), (("r", "x", 1),))
    )
    assert plain.value is steps.value is Validity.INVALID
    assert plain.details["inconsistent_reads"] == 1 and plain.details["dirty_reads"] == 1
    for found, wrote, read in ((plain, "wrote 1, and failed", "read 2, 1"), (steps, "wrote 1, and failed", "read 1")):
        assert found.witness is not None
        assert found.witness.words[1].endswith(wrote) and found.witness.words[2].endswith(read)


def test_rows_that_differ_and_writes_of_unknown_end_refute_nothing() -> None:
    found = dirty(("write", "fail", 1, 1), ("write", "info", 3, 3), ("write", "ok", 2, 2), ("read", "ok", None, (2, 3)))
    assert found.value is Validity.VALID and found.details["inconsistent_reads"] == 1


def test_without_a_failed_write_nothing_could_refute() -> None:
    assert dirty(("write", "ok", 2, 2), ("read", "ok", None, (2, 2))).value is Validity.UNKNOWN
    assert dirty(("write", "fail", 2, 2)).value is Validity.UNKNOWN


def test_a_read_before_any_failed_write_had_begun_shows_nothing() -> None:
    found = dirty(("read", "ok", None, (2, 2)), ("write", "fail", 1, 1), ("read", "fail", None, None))
    assert found.value is Validity.UNKNOWN and "no read ended after a failed write had begun" in found.reason
    assert dirty(("write", "info", 1, 1), ("read", "ok", None, (1, 1))).value is Validity.UNKNOWN


def test_nil_and_a_value_that_another_write_wrote_too_refute_nothing() -> None:
    again = dirty(("write", "fail", 1, 1), ("write", "ok", 1, 1), ("read", "ok", None, (1, 1)))
    nil = (("w", "x", None),)
    assert again.value is Validity.UNKNOWN
    assert dirty(("txn", "fail", nil, nil), ("txn", "ok", (("r", "x", None),), (("r", "x", None),))).value is (
        Validity.UNKNOWN
    )


def test_reads_of_a_transaction_that_writes_too_are_looked_at() -> None:
    failed, mixed = (("w", "x", 1),), (("r", "x", 1), ("w", "x", 2))
    assert dirty(("txn", "fail", failed, failed), ("txn", "ok", mixed, mixed)).value is Validity.INVALID


def writes_and_reads(random: Random) -> list[Event]:
    """Writes of all of three rows and reads of them, of a store where failed writes leave something now and then."""
    rows: dict[str, int | None] = dict.fromkeys("xyz")
    numbers = iter(range(1, 100))
    flaw = random.choice((0.0, 0.3, 0.9))

    def ask(random: Random) -> dict[str, Any]:
        if random.random() < 0.5:
            return {"f": "txn", "value": tuple(("r", row, None) for row in rows)}
        value = 1 if random.random() < 0.03 else next(numbers)
        return {"f": "txn", "value": tuple(("w", row, value) for row in rows)}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.value[0][0] == "r":
            return {"value": tuple(("r", row, rows[row]) for row in rows) if kind == "ok" else invoked.value}
        for _, row, value in invoked.value:
            if kind == "ok" or (kind == "info" and random.random() < 0.5) or random.random() < flaw:
                rows[row] = value
        return {}

    return events(random, ask, answer, random.randint(2, 9), weights=(4, 3, 1))


def naive_dirty(recorded: list[Event]) -> Validity:
    writes = [(i, c) for i, c in pairs(recorded) if i.value[0][0] == "w"]
    good = {i.value[0][2] for i, c in writes if c is None or c.type != "fail"}
    failed = [(i.value[0][2], i.index) for i, c in writes if c and c.type == "fail" and i.value[0][2] not in good]
    reads = [c for i, c in pairs(recorded) if i.value[0][0] == "r" and c is not None and c.type == "ok"]
    if any(step[2] == value for read in reads for step in read.value for value, _ in failed):
        return Validity.INVALID
    able = any(begun < read.index for read in reads for _, begun in failed)
    return Validity.VALID if able else Validity.UNKNOWN


@pytest.mark.parametrize("count", COUNTS)
def test_dirty_reads_by_looking_at_all(count: int) -> None:
    differential("dirty-reads", DirtyReadsCheck(), writes_and_reads, naive_dirty, count)


def test_what_is_no_list_of_rows_is_wrong_use() -> None:
    with pytest.raises(UsageError):
        dirty(("read", "ok", None, 5))
    with pytest.raises(UsageError):
        dirty(("txn", "ok", (("append", "x", 1),), (("append", "x", 1),)))
