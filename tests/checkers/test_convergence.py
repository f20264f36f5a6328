"""Convergence of registers, sets, lists and counters: known answers."""

from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict

Row = tuple[int, str, str, Any]
"""Time in milliseconds, node, operation with how it ended, value."""
SETTLED = 5_000


def history(*rows: Row) -> History:
    """One operation after another, each of 2 ms. `add?` ended in info, `add!` failed."""
    events = []
    for process, (time, node, word, value) in enumerate(rows):
        kind = {"?": "info", "!": "fail"}.get(word[-1], "ok")
        f = word.rstrip("?!")
        for at, type_ in ((time, "invoke"), (time + 2, kind)):
            given = None if f == "read" and type_ == "invoke" else value
            events.append(Event(index=0, time=at * 1_000_000, process=process, type=type_, f=f, value=given, node=node))
    return History.of(events)


def verdict(*rows: Row, model: str = "convergence") -> Verdict:
    return entry(model).make().check(history(*rows), Budget())


def finals(*values: Any) -> list[Row]:
    return [(SETTLED + 10 * place, f"n{place + 1}", "read", value) for place, value in enumerate(values)]


SET = [(0, "n1", "add", 1), (10, "n2", "add", 2)]
LIST = [(0, "n1", "append", 1), (10, "n2", "append", 2)]
COUNTER = [(0, "n1", "increment", 5), (10, "n2", "increment", 2)]


@pytest.mark.parametrize(
    ("rows", "expected", "said"),
    [
        ([*SET, *finals((1, 2), (2, 1))], "valid", "2 final reads agree"),
        ([*SET, *finals((1, 2), (2,))], "invalid", "a final read has not 1, which was acknowledged"),
        ([*SET, *finals((1, 2, 3), (1, 2, 3))], "invalid", "a final read has 3, though nobody added it"),
        ([*SET, (20, "n1", "add!", 3), *finals((1, 2), (1, 2, 3))], "invalid", "has 3, though nobody added it"),
        ([*SET, (20, "n1", "add?", 3), *finals((1, 2, 3), (1, 2, 3))], "valid", "2 final reads agree"),
        ([*SET, (20, "n1", "add?", 3), *finals((1, 2), (1, 2, 3))], "unknown", "an update of unknown outcome"),
        ([*SET, (20, "n1", "remove", 1), *finals((2,), (2,))], "valid", "2 final reads agree"),
        ([*SET, (20, "n1", "remove", 1), *finals((2,), (1, 2))], "invalid", "has 1, though it was removed"),
        ([*SET, (20, "n1", "remove", 1), (30, "n1", "add", 1), *finals((2,), (2,))], "invalid", "has not 1"),
        ([*SET, (20, "n1", "read", (1,)), *finals((1, 2))], "unknown", "no two nodes read one key 1000 ms after"),
        ([*LIST, *finals((1, 2), (1, 2))], "valid", "2 final reads agree"),
        ([*LIST, *finals((1, 2), (2, 1))], "invalid", "two final reads differ"),
        ([*LIST, *finals((1, 2, 1), (1, 2, 1))], "invalid", "has 1 more often than it was added"),
        ([*COUNTER, *finals(7, 7)], "valid", "2 final reads agree"),
        ([*COUNTER, *finals(7, 5)], "invalid", "a final read is 5, but what was added is 7"),
        ([*COUNTER, (20, "n1", "increment!", 1), *finals(8, 8)], "invalid", "is 8, but what was added is 7"),
        ([*COUNTER, (20, "n1", "increment?", -3), *finals(4, 7)], "unknown", "an update of unknown outcome"),
        ([*COUNTER, (20, "n1", "increment?", -3), *finals(4, 4)], "valid", "2 final reads agree"),
        (
            [*COUNTER, (20, "n1", "increment?", -3), *finals(3, 3)],
            "invalid",
            "what was added is between 4 and 7",
        ),
    ],
)
def test_final_reads_have_what_was_acknowledged_and_agree(rows: list[Row], expected: str, said: str) -> None:
    found = verdict(*rows)
    assert found.value.value == expected, found
    assert said in found.reason


def test_concurrent_adds_and_removes_may_end_either_way_but_in_the_same() -> None:
    base = [
        Event(index=0, time=0, process=0, type="invoke", f="add", value=1),
        Event(index=0, time=1, process=1, type="invoke", f="remove", value=1),
        Event(index=0, time=2, process=0, type="ok", f="add", value=1),
        Event(index=0, time=3, process=1, type="ok", f="remove", value=1),
    ]
    for values, expected in ((((1,), (1,)), "valid"), (((), ()), "valid"), (((1,), ()), "invalid")):
        read = [
            Event(index=0, time=9 * 10**9, process=2 + place, type=kind, f="read", value=value, node=f"n{place}")
            for place, value in enumerate(values)
            for kind in ("invoke", "ok")
        ]  # fmt: skip
        assert entry("convergence").make().check(History.of([*base, *read]), Budget()).value.value == expected


def test_the_time_to_converge_is_that_of_the_last_read_that_differed() -> None:
    rows = [*SET, (500, "n2", "read", (2,)), (900, "n2", "read", (1, 2)), *finals((1, 2), (1, 2))]
    assert verdict(*rows).details["converged_ms"] == 488.0
    written = [(0, "n1", "write", 1), (10, "n1", "write", 2), (300, "n2", "read", 1)]
    assert verdict(*written, *finals(2, 2)).details["converged_ms"] == 288.0
    assert verdict(*SET, *finals((1, 2), (1, 2))).details["converged_ms"] == 0


def test_strong_convergence_compares_reads_of_the_same_elements_at_any_time() -> None:
    early = [(20, "n1", "read", (1, 2)), (30, "n2", "read", (2, 1))]
    rows = [*LIST, *early, *finals((1, 2), (1, 2))]
    assert verdict(*rows).value.value == "valid"
    found = verdict(*rows, model="strong-convergence")
    assert found.value.value == "invalid"
    assert found.reason.startswith("two reads returned the same elements in different orders: read of n2")
    assert verdict(*LIST, *finals((1, 2), (1, 2)), model="strong-convergence").value.value == "valid"
    assert verdict(*SET, *finals((1, 2), (2,)), model="strong-convergence").value.value == "invalid"


def test_operations_of_no_known_type_are_wrong_use() -> None:
    with pytest.raises(UsageError, match="does not know the operation `pop`"):
        verdict(*LIST, (20, "n1", "pop", 1))
