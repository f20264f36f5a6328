"""Coverage: strikes, what they met, and how they overlapped, counted from a history."""

from splitbrain.harness.coverage import coverage
from splitbrain.harness.histories import Recorder
from splitbrain.harness.histories.recorder import RECENT
from splitbrain.harness.operation import Error, ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.serving import serves


def recorded(path, *steps):
    """The history of operations that end ok or fail, and of faults that start and stop, with its recorder."""
    recorder = Recorder(path / "history.jsonl", iter(range(10_000)).__next__)
    for step in steps:
        if step in ("ok", "fail"):
            operation = Operation("read")
            recorder.invoke(0, operation, "n1")
            refused = Outcome(EventType.FAIL, None, Error(ErrorKind.NO_LEADER, "nobody leads"))
            recorder.complete(0, operation, Outcome.ok(1) if step == "ok" else refused, "n1")
        else:
            recorder.nemesis(step, {})
    recorder.close(compress=False)
    return recorder


def counted(path, *steps):
    return coverage(recorded(path, *steps).history, {}, {}, {})


def test_strikes_and_overlaps(tmp_path) -> None:
    found = counted(
        tmp_path,
        "start-kill",
        "start-clock-rate",
        "stop-kill",
        "start-kill",
        "stop-clock-rate",
        "stop-kill",
        "start-kill",
    )
    assert found["strikes"] == {"kill": 3, "clock-rate": 1}
    assert (found["at_once"], found["overlaps"]) == (2, 2)


def test_a_strike_met_a_serving_cluster_if_something_was_answered_before(tmp_path) -> None:
    dead = ["fail"] * RECENT
    found = counted(tmp_path, "ok", "start-kill", "stop-kill", *dead, "start-kill", "stop-kill", *dead, "start-pause")
    assert found["strikes"] == {"kill": 2, "pause": 1}
    assert found["met_serving"] == {"kill": 1, "pause": 0}


def test_whether_a_cluster_serves_is_told_as_strikes_are_counted(tmp_path) -> None:
    for number, (steps, answer) in enumerate(
        (
            ([], True),
            (["start-kill"], True),
            (["fail"], False),
            (["ok", *["fail"] * (RECENT - 1)], True),
            (["ok", *["fail"] * RECENT], False),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        recorder = recorded(folder, *steps, "start-pause")
        assert serves(recorder.recent) is answer
        assert coverage(recorder.history, {}, {}, {})["met_serving"] == {
            **dict.fromkeys(["kill"] * ("start-kill" in steps), 1),
            "pause": int(answer),
        }


def test_what_others_count_stands_beside_it(tmp_path) -> None:
    found = coverage(recorded(tmp_path).history, {"leader": 2}, {"stale": 3}, {"old_messages": 4})
    assert (found["moments"], found["marks"], found["network"]) == ({"leader": 2}, {"stale": 3}, {"old_messages": 4})
