"""The rules: an error for our own files, and for others' what cannot have happened; a warning for what is only odd."""

import io
import json

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read
from splitbrain.harness.history import ABSENT, History


def lines(*events: dict[str, object]) -> bytes:
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def own(*events: tuple[int, int, object, str, str]) -> History:
    names = ("index", "time", "process", "type", "f")
    return read(io.BytesIO(lines(*(dict(zip(names, event, strict=True)) for event in events))), name="h")


def foreign(*events: dict[str, object], keyed: bool = False) -> History:
    return read(io.BytesIO(lines(*({"f": "read", **event} for event in events))), name="h", keyed=keyed)


INVOKE, OK, INFO = {"process": 0, "type": "invoke"}, {"process": 0, "type": "ok"}, {"process": 0, "type": "info"}


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([(1, 0, 0, "invoke", "r")], "h:1: index 1 where 0 is due"),
        ([(0, 0, 0, "invoke", "r"), (2, 0, 0, "ok", "r")], "h:2: index 2 where 1 is due"),
        ([(0, 9, 0, "invoke", "r"), (1, 8, 0, "ok", "r")], "h:2: time runs backwards, from 9 to 8"),
        ([(0, 0, 0, "invoke", "r"), (1, 0, 0, "done", "r")], "h:2: type is invoke, ok, fail or info, not 'done'"),
        ([(0, 0, "client", "invoke", "r")], "h:1: process is an integer"),
        ([(0, 0, -1, "invoke", "r")], "h:1: not an event"),
        ([(0, 0, 0, "ok", "r")], "h:1: process 0 completes an operation that it never invoked"),
        ([(0, 0, 0, "invoke", "r"), (1, 0, 0, "invoke", "r")], "h:2: process 0 invokes while"),
        # the first mistake is told, whichever rule it breaks
        ([(0, 0, 0, "ok", "r"), (5, 0, 0, "ok", "r")], "h:1: process 0 completes"),
        ([(0, 5, 0, "invoke", "r"), (1, 4, 0, "ok", "r"), (2, 5, 0, "ok", "r")], "h:2: time runs"),
    ],
)
def test_our_own_histories_are_held_to_every_rule(events, says):
    with pytest.raises(HistoryError) as caught:
        own(*events)
    assert str(caught.value).startswith(says)


def test_every_event_of_our_own_carries_index_and_time():
    data = lines({"index": 0, "time": 0, "process": 0, "type": "invoke", "f": "r"}, {**OK, "f": "r"})
    with pytest.raises(HistoryError, match=r"h:2: not an event: .*index"):
        read(io.BytesIO(data), name="h")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([INVOKE, INVOKE], "h:2: .*still open"),
        ([INVOKE, INFO, INVOKE], "h:3: .*invokes again after"),
        ([OK], "h:1: .*never invoked"),
        ([INFO], "h:1: .*never invoked"),
        ([INVOKE, {**OK, "f": "write"}], "h:2: .*completes 'write'.*invoked 'read'"),
        ([INVOKE, {"type": "ok"}], "h:2: the event has no process"),
        ([{"type": "invoke"}, OK], "h:2: the event has a process"),
        ([INVOKE, {"process": 1.5, "type": "ok"}], "h:2: process is a number"),
        ([INVOKE, {"process": "client-1", "type": "ok"}], "h:2: process is a number"),
        ([INVOKE, {"process": True, "type": "ok"}], "h:2: process is a number"),
        ([INVOKE, {"process": 1 << 70, "type": "ok"}], "h:2: process is a number"),
        ([INVOKE, {"process": 0}], "h:2: .*the event has no type"),
        ([INVOKE, {**OK, "type": 3}], "h:2: .*not 3"),
        ([INVOKE, {**OK, "f": ["read"]}], "h:2: f is the name"),
    ],
)
def test_what_cannot_have_happened_is_an_error_everywhere(events, says):
    with pytest.raises(HistoryError, match=says):
        foreign(*events)


def test_index_and_time_of_others_are_hints():
    events = [{**INVOKE, "f": "r", "time": 9, "index": 7, "x": 1}, {**OK, "f": "r", "time": 8, "index": 3}]
    history = read(io.BytesIO(json.dumps(events).encode()))
    assert [event.index for event in history] == [0, 1]
    assert not history.timed
    assert len(history.warnings) == 2


def test_without_time_only_the_order_counts():
    assert not foreign(INVOKE, OK).timed
    history = foreign({**INVOKE, "time": 5}, OK, {**INVOKE, "time": "noon"})
    assert list(history.time) == [5, 5, 5]
    assert not history.timed
    assert "nanoseconds" in history.warnings[0]
    assert foreign({**INVOKE, "time": 5}, {**OK, "time": 5}).timed


def test_words_with_the_colon_of_a_keyword():
    history = foreign(
        {"process": 0, "type": ":invoke", "f": ":read"},
        {"process": ":nemesis", "type": ":info", "f": ":start"},
        {"process": "0", "type": ":ok", "f": ":read"},
    )
    assert [(event.process, event.type, event.f) for event in history] == [
        (0, "invoke", "read"), ("nemesis", "info", "start"), (0, "ok", "read"),
    ]  # fmt: skip


def test_a_history_without_processes_is_one_process_and_without_functions_is_transactions():
    value = [["r", "x", None]]
    history = read(io.BytesIO(lines({"type": "invoke", "value": value}, {"type": "ok", "value": value})))
    assert [(event.process, event.f) for event in history] == [(0, "txn"), (0, "txn")]


def test_pairs_are_keys_only_when_asked():
    events = [
        {**INVOKE, "value": ["k", 1]},
        {"process": "nemesis", "type": "info", "value": "anything"},
        {**INFO, "value": "timed-out"},
    ]
    plain, keyed = foreign(*events), foreign(*events, keyed=True)
    assert plain.pool.values[plain.value[0]] == ("k", 1)
    assert [(event.key, event.value) for event in keyed][::2] == [("k", 1), ("k", "timed-out")]
    with pytest.raises(HistoryError, match="h:1: keyed=true"):
        foreign({**INVOKE, "value": 3}, keyed=True)
    with pytest.raises(HistoryError, match=r"h:2: .*never invoked"):
        foreign({**INVOKE, "value": [1, 2]}, {**OK, "process": 4, "value": [1, 2]}, {**OK, "value": 3}, keyed=True)


def test_lines_are_counted_over_blocks_and_empty_lines(monkeypatch):
    monkeypatch.setattr("splitbrain.harness.histories.source.BLOCK_BYTES", 64)
    good = [event for _ in range(50) for event in (INVOKE, OK)]
    data = lines(*({**event, "f": "r"} for event in good)) + b"\n\n" + lines({**OK, "f": "r"})
    with pytest.raises(HistoryError, match="h:103: process 0 completes"):
        read(io.BytesIO(data), name="h")


def test_a_revision_in_digits_is_its_number_and_what_is_none_is_told():
    def revised(*revisions: object) -> History:
        return foreign(
            *(
                event
                for revision in revisions
                for event in (
                    {"process": 0, "type": "invoke", "f": "write", "value": 1},
                    {"process": 0, "type": "ok", "f": "write", "value": 1, "revision": revision},
                )
            )
        )

    digits = revised("7", 8)
    assert list(digits.operations().revision) == [7, 8] and digits.warnings == []
    for odd in (-3, "-3", 3.5, True, "seven", [1], 2**70, "9" * 30):
        found = revised(odd, odd)
        assert list(found.operations().revision) == [ABSENT, ABSENT]
        assert found.warnings == ["a revision is a whole number from 0 on; what is none is not used"]
    assert revised(None).warnings == []
