"""Fault windows: moments, sides, and reads that nothing known on their side explains."""

from splitbrain.classification.evidence import HEALTHY
from splitbrain.classification.windows import RequestEnd, fault_windows
from splitbrain.harness.history import Event, History

from .played import MAJORITY, MINORITY, SECOND, SPLIT, WINDOWS, played, refusing, runs_of, serving

GROUPS = {"topology": "halves", "groups": [["n1"], ["n2", "n3"]], "leader": "n1"}


def history(rows: list[tuple[object, ...]]) -> History:
    """A history of (time, process, type, f, key, value, node, error) rows."""
    names = ("time", "process", "type", "f", "key", "value", "node", "error")
    events = []
    for index, row in enumerate(rows):
        fields = {name: value for name, value in zip(names, row, strict=False) if value is not None}
        events.append(Event(index=index, **fields))  # type: ignore[arg-type]
    return History.of(events)


def split_with(*rows: tuple[object, ...], stop: dict[str, object] | None = None) -> History:
    """A split from 1 s to 9 s, with these operations in it and a write after it."""
    return history([
        (SECOND, "nemesis", "info", "start-partition", None, GROUPS),
        *rows,
        (9 * SECOND, "nemesis", "info", "stop-partition", None, {"bite": {"messages_dropped": 1}, **(stop or {})}),
        (10 * SECOND, 99, "invoke", "write", "z", 1, "n1"),
    ])  # fmt: skip


def operation(process: int, begin: int, end: int, f: str, value: object, node: str) -> list[tuple[object, ...]]:
    """An operation on key `a`, in tenths of seconds."""
    at = SECOND // 10
    argument = value if f == "write" else None
    return [
        (begin * at, process, "invoke", f, "a", argument, node),
        (end * at, process, "ok", f, "a", value, node),
    ]


def test_a_window_is_cut_where_the_fault_had_taken_hold_and_its_healing_began() -> None:
    (window,) = fault_windows(split_with(stop={"injecting_ms": 250.0, "healing_ms": 1000.0}))
    assert (window.started, window.stopped) == (1_250_000_000, 8 * SECOND)
    (window,) = fault_windows(split_with())
    assert (window.started, window.stopped) == (SECOND, 9 * SECOND)


def test_windows_carry_sides_leader_and_bite() -> None:
    run = runs_of(refusing)[-1]
    assert [(window.started / SECOND, window.stopped / SECOND) for window in run.windows] == list(WINDOWS)
    for window in run.windows:
        assert window.sides == {"minority": list(MINORITY), "majority": list(MAJORITY)}
        assert window.leader_side == "minority"
        assert window.bit
    assert not played(refusing, SPLIT, dropped=0).windows[0].bit
    assert runs_of(refusing)[0].scenario == HEALTHY
    assert not runs_of(refusing)[0].windows


def test_a_fault_after_the_main_phase_is_no_window() -> None:
    late = history([
        (SECOND, 1, "invoke", "write", "a", 1, "n1"),
        (2 * SECOND, 1, "ok", "write", "a", 1, "n1"),
        (3 * SECOND, "nemesis", "info", "start-partition", None, GROUPS),
        (4 * SECOND, "nemesis", "info", "stop-partition", None, {"bite": {}}),
    ])  # fmt: skip
    assert fault_windows(late) == []


def test_answers_are_told_apart_by_what_the_client_saw() -> None:
    rows: list[tuple[object, ...]] = []
    ends = {
        RequestEnd.OK: ("ok", None), RequestEnd.REFUSED: ("fail", ("no-leader", "")),
        RequestEnd.TIMED_OUT: ("info", ("timeout", "")), RequestEnd.UNKNOWN: ("info", ("connection", "")),
    }  # fmt: skip
    for process, (type_, error) in enumerate(ends.values()):
        begin = 2 * SECOND + process * 10
        rows.append((begin, process, "invoke", "write", "a", process, "n1"))
        rows.append((begin + 5, process, type_, "write", "a", process, "n1", error))
    rows.append((4 * SECOND, 9, "invoke", "read", "a", None, "n1"))
    (window,) = fault_windows(split_with(*rows))
    assert [request.answer for request in window.requests][:5] == [*ends, RequestEnd.TIMED_OUT]


def test_reads_that_nothing_known_on_their_side_explains() -> None:
    def crossed(*parts: list[tuple[object, ...]]) -> int:
        rows = sorted((row for part in parts for row in part), key=lambda row: row[0])  # type: ignore[arg-type,return-value]
        return fault_windows(split_with(*rows))[0].crossed

    write, read = operation(1, 20, 21, "write", 5, "n1"), operation(2, 30, 31, "read", None, "n2")
    assert crossed(write, read) == 1
    assert crossed(operation(1, 20, 40, "write", 5, "n1"), read) == 0
    assert crossed(write, operation(2, 30, 31, "read", 5, "n1")) == 0
    assert crossed(write, read, operation(3, 22, 23, "write", 6, "n3")) == 0
    assert crossed(write, read, operation(3, 12, 13, "write", 6, "n3")) == 1
    assert crossed(operation(3, 2, 3, "write", 6, "n3"), write, read) == 1


def test_stale_reads_of_a_split_are_found_in_its_windows() -> None:
    run = runs_of(serving)[-1]
    assert run.windows[0].crossed > 0
    assert run.refuted_in["during partition"] > 0
    assert any(request.stale_ms > 0 for request in run.windows[0].requests)
    assert runs_of(refusing)[-1].windows[0].crossed == 0
    assert not runs_of(refusing)[-1].refuted_in
