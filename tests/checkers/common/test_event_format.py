"""Lines of a witness: an operation with what it asked for, what came back, and how it ended."""

from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.harness.history import Event, History


def test_a_line_says_what_was_asked_and_what_came_back() -> None:
    rows: list[dict[str, object]] = [
        {"process": 0, "type": "invoke", "f": "find", "value": "red", "node": "n1"},
        {"process": 1, "type": "invoke", "f": "write", "value": 2, "key": "k"},
        {"process": 2, "type": "invoke", "f": "write", "value": 3},
        {"process": 3, "type": "invoke", "f": "read", "value": None, "key": "k"},
        {"process": 0, "type": "ok", "f": "find", "value": ("row2",), "node": "n1"},
        {"process": 1, "type": "ok", "f": "write", "value": 2, "key": "k", "revision": 7, "token": 5},
        {"process": 2, "type": "fail", "f": "write", "value": 3},
    ]
    events = [Event(index=at, time=at * 10**6, **row) for at, row in enumerate(rows)]  # type: ignore[arg-type]
    tell = EventFormat(History.of(events), range(len(events)))
    assert [tell.line(row) for row in range(4)] == [
        "0.000 s to 0.004 s: n1 (process 0) find red → [row2]",
        "0.001 s to 0.005 s: process 1 write k 2 (token 5) (revision 7)",
        "0.002 s to 0.006 s: process 2 write 3 (failed)",
        "0.003 s to ?: process 3 read k (unknown end)",
    ]
    assert tell.line(1, key=False) == "0.001 s to 0.005 s: process 1 write 2 (token 5) (revision 7)"
