"""`g2` and `dirty-reads` follow their definitions: against counting, and by small histories."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.dirty_reads import DirtyReadsCheck
from splitbrain.checkers.domain.g2 import G2Check
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .randomly import QUICK, differential, events, pairs


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
    tried = Counter(i.value[0] for i, _ in pairs(recorded))
    if any(count > 1 for count in done.values()):
        return Validity.INVALID
    return Validity.VALID if any(tried[key] > 1 for key in done) else Validity.UNKNOWN


def test_g2_by_counting() -> None:
    differential("g2", G2Check(), inserts, counted, QUICK)


def test_two_inserts_of_one_key_are_named() -> None:
    found = G2Check().check(
        operations(("insert", "ok", (7, (1, None)), (7, (1, None))), ("insert", "ok", (7, (None, 2)), (7, (None, 2)))),
        Budget(),
    )
    assert found.value is Validity.INVALID and found.witness is not None
    assert "key 7 was inserted 2 times" in found.reason
    assert len(found.witness.words) == 3


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


def test_rows_that_differ_and_writes_of_unknown_end_refute_nothing() -> None:
    found = dirty(("write", "fail", 1, 1), ("write", "info", 3, 3), ("write", "ok", 2, 2), ("read", "ok", None, (2, 3)))
    assert found.value is Validity.VALID and found.details["inconsistent_reads"] == 1


def test_without_a_failed_write_nothing_could_refute() -> None:
    assert dirty(("write", "ok", 2, 2), ("read", "ok", None, (2, 2))).value is Validity.UNKNOWN
    assert dirty(("write", "fail", 2, 2)).value is Validity.UNKNOWN


def test_what_is_no_list_of_rows_is_wrong_use() -> None:
    with pytest.raises(UsageError):
        dirty(("read", "ok", None, 5))
    with pytest.raises(UsageError):
        dirty(("txn", "ok", (("append", "x", 1),), (("append", "x", 1),)))
