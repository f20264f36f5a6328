"""Lenient pairing: what the strict rules refuse, told, and read so that no order is claimed that is not known."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType


def history(*events: tuple[Any, ...], lenient: bool = True) -> History:
    lines = []
    for process, kind, f, value in events:
        event = {"process": process, "type": kind, "f": f, "value": value}
        lines.append(json.dumps({name: part for name, part in event.items() if name != "process" or part is not None}))
    return read(io.BytesIO("\n".join(lines).encode() + b"\n"), "jsonl", lenient=lenient, name="h")


def spans(found: History) -> list[tuple[Any, Any, int, int]]:
    """f, result, where it began and ended, of each operation."""
    operations, values = found.operations(), found.pool.values
    return [
        (values[operations.f[row]], None if operations.result[row] < 0 else values[operations.result[row]],
         operations.invoke[row], operations.complete[row])
        for row in range(len(operations))
    ]  # fmt: skip


def test_a_history_that_keeps_the_rules_is_the_same() -> None:
    events = [(0, "invoke", "write", 1), ("nemesis", "info", "start", None), (1, "invoke", "read", None),
              (0, "ok", "write", 1), (1, "ok", "read", 1)]  # fmt: skip
    strict, lenient = history(*events, lenient=False), history(*events)
    assert list(lenient) == list(strict) and lenient.warnings == []


def test_a_process_that_goes_on_after_info_is_a_new_one() -> None:
    events = [(3, "invoke", "add", 1), (3, "info", "add", 1), (3, "invoke", "add", 2), (3, "ok", "add", 2),
              (3, "invoke", "add", 3), (3, "info", "add", 3), (3, "invoke", "read", None),
              (3, "ok", "read", [1])]  # fmt: skip
    with pytest.raises(HistoryError, match=r"h:3: .*invokes again after.*--lenient"):
        history(*events, lenient=False)
    found = history(*events)
    assert [event.process for event in found] == [3, 3, 4, 4, 4, 4, 5, 5]
    assert found.process_name(2) == "process 3 after info"
    operations = found.operations()
    assert [EventType(kind).word for kind in operations.ended] == ["info", "ok", "info", "ok"]
    assert "goes on after info" in found.warnings[0]


def test_without_processes_operations_that_overlap_begin_together() -> None:
    events = [(None, "invoke", "read", None), (None, "invoke", "write", 1), (None, "invoke", "read", None),
              (None, "ok", "read", 7), (None, "ok", "write", 1), (None, "ok", "read", 8)]  # fmt: skip
    with pytest.raises(HistoryError, match=r"h:2: events have no process.*--lenient"):
        history(*events, lenient=False)
    found = history(*events)
    assert spans(found) == [("read", 7, 0, 3), ("read", 8, 1, 5), ("write", 1, 2, 4)]
    assert "have no process" in found.warnings[0]


def test_a_completion_without_its_invocation() -> None:
    with pytest.raises(HistoryError, match=r"h:1: .*never invoked; --lenient"):
        history((1, "ok", "dequeue", 1), lenient=False)
    found = history((0, "invoke", "enqueue", 2), (0, "ok", "enqueue", 2), (1, "ok", "dequeue", 1))
    assert spans(found) == [("dequeue", 1, 0, 3), ("enqueue", 2, 1, 2)]
    assert "unknown time" in found.warnings[0]


def test_it_is_that_of_the_one_operation_that_never_completed() -> None:
    found = history((0, "invoke", "add", 1), (2, "invoke", "add", 1), (2, "ok", "add", True), (2, "ok", "add", False))
    assert spans(found) == [("add", False, 0, 3), ("add", True, 1, 2)]


def test_a_fail_without_its_invocation_is_left_out() -> None:
    found = history((0, "fail", "add", 1), (0, "invoke", "add", 2), (0, "ok", "add", 2))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([(0, "invoke", "add", 1), (0, "invoke", "add", 2)], "h:2: process 0 invokes while"),
        ([(0, "invoke", "add", 1), (0, "ok", "remove", 1)], "h:2: process 0 completes 'remove'"),
        ([(0, "ok", "add", True)], "h: event 0: a completion of 'add' that was never invoked does not say"),
        ([(None, "info", "add", None)], "h: event 0: a completion of 'add'"),
    ],
)
def test_what_no_rule_admits_is_an_error_all_the_same(events: list[tuple[Any, ...]], says: str) -> None:
    with pytest.raises(HistoryError) as caught:
        history(*events)
    assert str(caught.value).startswith(says)


def test_processes_that_are_names() -> None:
    found = history(("client-1", "invoke", "read", None), (":nemesis", "info", "start", None),
                    ("B", "invoke", "read", None), ("client-1", "ok", "read", 1), lenient=False)  # fmt: skip
    assert [event.process for event in found] == [0, "nemesis", 1, 0]
    assert [found.process_name(at) for at in range(3)] == ["process client-1", "the nemesis", "process B"]
    with pytest.raises(HistoryError, match="h:2: process B completes an operation that it never"):
        history(("A", "invoke", "read", None), ("B", "ok", "read", None), lenient=False)
    for events in ([("A", "invoke", "read", None), (0, "ok", "read", None)],
                   [(0, "invoke", "read", None), ("A", "ok", "read", None)]):  # fmt: skip
        with pytest.raises(HistoryError, match="h:2: process"):
            history(*events, lenient=False)


def test_events_without_a_process_that_do_not_overlap_are_told(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"type": "invoke", "f": "write", "value": 1}\n{"type": "ok", "f": "write", "value": 1}\n')
    assert read(path).warnings == ["events have no process: each operation is read as over before the next"]
