"""Convergence of registers, sets, lists and counters: known answers."""

from typing import Any

import msgspec
import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict

Row = tuple[Any, ...]
"""Time in milliseconds, node, operation with how it ended, value, and its session if it has one."""
SETTLED = 5_000


def history(*rows: Row) -> History:
    """One operation after another, each of 2 ms. `add?` ended in info, `add!` failed. A nemesis's row is an event."""
    events = []
    for process, (time, node, word, value, *session) in enumerate(rows):
        if node == "nemesis":
            events.append(Event(index=0, time=time * 1_000_000, process=node, type="info", f=word, value=value))
            continue
        kind = {"?": "info", "!": "fail"}.get(word[-1], "ok")
        f = word.rstrip("?!")
        for at, type_ in ((time, "invoke"), (time + 2, kind)):
            given = None if f == "read" and type_ == "invoke" else value
            event = Event(index=0, time=at * 1_000_000, process=process, type=type_, f=f, value=given, node=node)
            events.append(msgspec.structs.replace(event, session=session[0]) if session else event)
    return History.of(sorted(events, key=lambda event: event.time))


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
        ([*SET, (20, "n1", "remove", 1), *finals((2,), (1, 2))], "invalid", "two final reads differ"),
        ([*SET, (20, "n1", "remove", 1), (30, "n1", "add", 1), *finals((2,), (2,))], "invalid", "has not 1"),
        (
            [*SET, (20, "n1", "read", (1,)), *finals((1, 2))],
            "unknown",
            "no two nodes read one key 1000 ms after its last update",
        ),
        ([*LIST, *finals((1, 2), (1, 2))], "valid", "2 final reads agree"),
        ([*LIST, *finals((1, 2), (2, 1))], "invalid", "two final reads differ"),
        (
            [*LIST, (20, "n1", "append?", 3), *finals((1, 2), (1, 3, 2), (1, 2, 3))],
            "invalid",
            "two final reads have elements in different orders",
        ),
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
        ([*COUNTER, (20, "n1", "increment?", -3), *finals(5, 5)], "invalid", "is 5, which is no sum of 7 acknowledged"),
        ([*COUNTER, *(MAYBE := [(20, "n1", "increment?", n) for n in (-3, 4)]), *finals(8, 8)], "valid", "agree"),
        ([*COUNTER, *MAYBE, *finals(9, 9)], "invalid", "is 9, which is no sum"),
        ([*COUNTER, *finals(8, 8), (SETTLED + 30, "n1", "increment?", 1)], "invalid", "what was added is 7"),
        ([*SET, *finals((1, 2), (1, 2, 1))], "invalid", "a final read has 1 twice"),
        ([*SET, (20, "n2", "add", 1), *finals((1, 2, 1))], "invalid", "a final read has 1 twice"),
    ],
)
def test_final_reads_have_what_was_acknowledged_and_agree(rows: list[Row], expected: str, said: str) -> None:
    found = verdict(*rows)
    assert found.value.value == expected, found
    assert said in found.reason


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([(0, "n1", "add", 1, "a"), (20, "n1", "remove", 1, "a")], "invalid"),
        ([(0, "n1", "add", 1, "a"), (10, "n1", "read", (1,), "b"), (20, "n1", "remove", 1, "b")], "invalid"),
        ([(0, "n1", "add", 1, "a"), (20, "n2", "remove", 1, "b")], "valid"),
        ([(0, "n1", "add", 1, "a"), (10, "n2", "read", (), "b"), (20, "n2", "remove", 1, "b")], "valid"),
    ],
)
def test_a_remove_takes_away_what_its_session_knew_of(known: list[Row], expected: str) -> None:
    found = verdict(*known, *finals((1,), (1,)))
    assert found.value.value == expected, found
    assert expected == "valid" or "a final read has 1, though it was removed" in found.reason


PARTED = [(0, "n1", "write", 1), (10, "n2", "write", 2)]
CUT = [(5, "nemesis", "start-partition", None), (4_500, "nemesis", "stop-partition", None)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*PARTED, *finals(1, 2)], "invalid"),
        ([PARTED[0], CUT[0], PARTED[1], CUT[1], *finals(1, 2)], "unknown"),
        ([PARTED[0], CUT[0], PARTED[1], CUT[1], *finals(1, 2), (5_600, "n1", "read", 2)], "unknown"),
        ([PARTED[0], CUT[0], PARTED[1], CUT[1], (5_600, "n1", "read", 1), (5_700, "n2", "read", 2)], "invalid"),
        ([PARTED[0], CUT[0], PARTED[1], CUT[1], (5_600, "n1", "read", 2), (5_700, "n2", "read", 2)], "valid"),
        ([PARTED[0], CUT[0], PARTED[1], *finals(1, 2)], "unknown"),
        ([*PARTED, *finals(2, 2), (6_000, "nemesis", "start-kill", None), (6_010, "n1", "read", 1)], "valid"),
        ([*PARTED, (4_800, "nemesis", "rolled", None), *finals(1, 2)], "unknown"),
        ([*PARTED, *finals(2, 1), (SETTLED + 11, "nemesis", "start-kill", None)], "unknown"),
    ],
)
def test_copies_have_time_from_the_last_fault_on(rows: list[Row], expected: str) -> None:
    for read in ("register", "set"):
        known = rows
        if read == "set":
            words, values = {"write": "add"}, {1: (1,), 2: (1, 2)}
            known = [
                (at, node, words.get(f, f), values[v] if f == "read" else v) if node != "nemesis" else (at, node, f, v)
                for at, node, f, v in rows
            ]
        found = verdict(*known)
        assert found.value.value == expected, (read, found)


@pytest.mark.parametrize(
    ("rows", "value", "said"),
    [
        ([(0, "n1", "write", 1, "a"), (10, "n2", "write", 2, "b")], 1, None),
        ([(0, "n1", "write", 1, "a"), (10, "n1", "write", 2, "a")], 1, "came before write 2"),
        (
            [(0, "n1", "write", 1, "a"), (5, "n2", "read", 1, "b"), (10, "n2", "write", 2, "b")],
            1,
            "saw write 1",
        ),
        ([(0, "n1", "write", 1, "a"), (5, "n2", "read", 1, "b"), (10, "n2", "write?", 2, "b")], 1, None),
        ([(0, "n1", "write?", 1, "a"), (5, "n2", "read", 1, "b"), (10, "n2", "write", 2, "b")], 1, "saw write 1"),
        ([(0, "n1", "write", 1, "a"), (10, "n2", "write!", 2, "b")], 2, "returned a value that nobody wrote"),
        ([(0, "n1", "write", 1, "a")], None, "returned the initial value, though write 1"),
        ([(0, "n1", "write?", 1, "a")], None, None),
    ],
)
def test_a_register_ends_with_one_of_the_last_concurrent_writes(rows: list[Row], value: Any, said: str | None) -> None:
    found = verdict(*rows, *finals(value, value))
    assert found.value.value == ("valid" if said is None else "invalid"), found
    assert said is None or (found.witness is not None and said in "\n".join(found.witness.words))


def test_values_written_twice_leave_open_what_was_overwritten() -> None:
    rows = [(0, "n1", "write", 1, "a"), (3, "n1", "write", 3, "c"), (5, "n2", "write", 3, "d")]
    told = [(10, "n2", "read", 3, "b"), (20, "n2", "write", 2, "b")]
    assert verdict(*rows, *told, *finals(3, 3)).value.value == "unknown"
    assert verdict(*rows, *told, *finals(2, 2)).value.value == "valid"


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
    parted = [PARTED[0], CUT[0], PARTED[1], (20, "n1", "read", 1), CUT[1], (4_800, "n1", "read", 1)]
    late = [(6_000, "n1", "read", 2), (6_010, "n2", "read", 2)]
    assert verdict(*parted, *late).details["converged_ms"] == 300.0


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


def test_without_times_it_is_said_what_is_missing() -> None:
    untimed = history((0, "n1", "write", 1), (10, "n1", "read", 1), (20, "n2", "read", 1))
    untimed.timed = False
    found = entry("convergence").make().check(untimed, Budget())
    assert found.value.value == "unknown" and "the history has no times" in found.reason
    assert entry("convergence").make({"settle": 0}).check(untimed, Budget()).value.value == "valid"
