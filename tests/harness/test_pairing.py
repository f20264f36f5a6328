"""Pairing: which completion belongs to which invocation, and what no sequence of operations can have produced."""

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import EventType


def history(*lines: tuple[object, str, str, object]) -> History:
    return History.of(
        Event(index=i, time=i, process=process, type=kind, f=f, value=value)  # type: ignore[arg-type]
        for i, (process, kind, f, value) in enumerate(lines)
    )


def test_operations_are_rows_in_the_order_of_invocation():
    recorded = history(
        (0, "invoke", "write", 1),
        (1, "invoke", "read", None),
        ("nemesis", "info", "start-kill", ["n1"]),
        (1, "ok", "read", 1),
        (0, "info", "write", 1),
        (2, "invoke", "read", None),
    )
    rows = recorded.operations()
    value = recorded.pool.values
    assert list(rows.invoke) == [0, 1, 5]
    assert list(rows.complete) == [4, 3, ABSENT]
    assert list(rows.ended) == [EventType.INFO, EventType.OK, EventType.INFO]
    assert list(rows.process) == [0, 1, 2]
    assert [value[f] for f in rows.f] == ["write", "read", "read"]
    assert [value[a] for a in rows.argument] == [1, None, None]
    assert [r if r == ABSENT else value[r] for r in rows.result] == [1, 1, ABSENT]
    assert list(recorded.partner) == [4, 3, ABSENT, 1, 0, ABSENT]


def test_rows_follow_when_events_are_added():
    recorded = history((0, "invoke", "read", None))
    assert list(recorded.operations().complete) == [ABSENT]
    recorded.append(Event(index=1, time=1, process=0, type="ok", f="read", value=3))
    assert list(recorded.operations().complete) == [1]
    assert recorded.operations() is recorded.operations()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([(0, "invoke", "read", None), (0, "invoke", "read", None)], "event 1: .*still open"),
        ([(0, "invoke", "read", None), (0, "info", "read", None), (0, "invoke", "read", None)], "event 2: .*info"),
        ([(0, "invoke", "read", None), (0, "info", "read", None), (0, "ok", "read", 1)], "event 2: .*already ended"),
        ([(0, "ok", "read", 1)], "event 0: .*never invoked"),
        ([(3, "invoke", "read", None), (3, "ok", "write", 1)], "event 1: .*'write'.*'read'"),
    ],
)
def test_what_cannot_have_happened_is_refused(lines, says):
    with pytest.raises(HistoryError, match=says):
        history(*lines).operations()
