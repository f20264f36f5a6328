"""The workload `queue`: how much is taken out at the end."""

from typing import Any

import pytest

from splitbrain.harness.history import Event, History
from splitbrain.workloads.queue import backlog


def history(*operations: tuple[str, str, Any]) -> History:
    """Operations one after the other: name, end, and value; each by a process of its own."""
    events = []
    for process, (f, end, value) in enumerate(operations):
        argument = value if f == "enqueue" else None
        for type_, told in (("invoke", argument), (end, value)):
            events.append(
                Event(index=len(events), time=len(events), process=process, type=type_, f=f, key="a", value=told)
            )
    return History.of(events)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], 0),
        ([("enqueue", "ok", 1), ("enqueue", "info", 2), ("enqueue", "fail", 3)], 2),
        ([("enqueue", "ok", 1), ("enqueue", "ok", 2), ("dequeue", "ok", 1), ("dequeue", "ok", None)], 1),
        ([("enqueue", "ok", 1), ("dequeue", "info", None), ("dequeue", "fail", None)], 1),
        ([("enqueue", "ok", 1), ("enqueue", "ok", 2), ("drain", "ok", (1, 2))], 0),
        ([("enqueue", "ok", 1), ("dequeue", "ok", 1), ("dequeue", "ok", 1)], 0),
    ],
)
def test_what_may_be_left_is_what_went_in_without_what_came_out(
    operations: list[tuple[str, str, Any]], expected: int
) -> None:
    assert backlog(history(*operations)) == expected
