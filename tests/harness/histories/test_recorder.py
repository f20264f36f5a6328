"""Recorder: what is written is what happened, byte for byte, and stays readable whatever interrupts it."""

import gzip
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.histories import Recorder, read
from splitbrain.harness.histories import recorder as recording
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome

LINES = """\
{"index":0,"time":10,"process":3,"type":"invoke","f":"write","key":"k4","value":7,"node":"n3"}
{"index":1,"time":20,"process":"nemesis","type":"info","f":"start-partition",\
"value":{"topology":"halves","groups":[["n1","n2"],["n3"]]}}
{"index":2,"time":30,"process":3,"type":"info","f":"write","key":"k4","value":7,"node":"n3","error":["timeout","late"]}
{"index":3,"time":40,"process":13,"type":"invoke","f":"read","value":null,"node":"n1"}
{"index":4,"time":50,"process":13,"type":"ok","f":"read","value":[1,2],"node":"n1","revision":5}
"""


def clock() -> Callable[[], int]:
    return itertools.count(10, 10).__next__


def record(recorder: Recorder) -> None:
    write, look = Operation("write", 7, "k4"), Operation("read")
    assert recorder.invoke(3, write, "n3") == 0
    recorder.nemesis("start-partition", {"topology": "halves", "groups": (("n1", "n2"), ("n3",))})
    recorder.complete(3, write, Outcome.info(ErrorKind.TIMEOUT, "late", 7), "n3")
    recorder.invoke(13, look, "n1")
    assert recorder.complete(13, look, Outcome.ok((1, 2), revision=5), "n1") == 4


def test_every_line_is_on_its_way_at_once_and_in_the_order_of_the_fields(tmp_path):
    recorder = Recorder(tmp_path / "history.jsonl", clock())
    record(recorder)
    assert (tmp_path / "history.jsonl").read_text() == LINES


@pytest.mark.parametrize("asked", [False, True])
def test_a_long_history_is_read_from_its_file_and_says_what_one_in_memory_says(tmp_path, monkeypatch, asked):
    short, long = Recorder(tmp_path / "short.jsonl", clock()), Recorder(tmp_path / "long.jsonl", clock())
    for recorder, most in ((short, 1000), (long, 20)):
        monkeypatch.setattr(recording, "HELD_MAX", most)
        if asked:
            assert len(recorder.history) == 0
        for number in range(30):
            index = recorder.invoke(number, Operation("write", (number, {"a": [1]}), "k"), "n1", late=number % 3)
            assert index == 2 * number
            recorder.complete(number, Operation("write", number, "k"), Outcome.ok(number, revision=number), "n1")
    assert (long._history is not None) is asked
    assert list(long.recent) == list(short.recent) == [True] * 20
    for _ in range(2):
        assert list(long.history) == list(short.history)
        assert long.history.late == short.history.late == {2 * n: n % 3 for n in range(30) if n % 3}
        for recorder in (short, long):
            recorder.nemesis("start-kill", ["n1"])
    for recorder in (short, long):
        recorder.close(compress=False)
    assert (tmp_path / "long.jsonl").read_bytes() == (tmp_path / "short.jsonl").read_bytes()


def test_closing_compresses_to_bytes_that_depend_on_the_content_alone(tmp_path):
    packed = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        recorder = Recorder(tmp_path / name / "history.jsonl", clock())
        record(recorder)
        assert recorder.close() == tmp_path / name / "history.jsonl.gz"
        assert recorder.close() == tmp_path / name / "history.jsonl.gz"
        assert [path.name for path in (tmp_path / name).iterdir()] == ["history.jsonl.gz"]
        packed.append((tmp_path / name / "history.jsonl.gz").read_bytes())
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]).decode() == LINES
    assert packed[0][3:8] == bytes(5), "no name and no time in the header"


def test_a_reader_finds_what_was_recorded(tmp_path):
    recorder = Recorder(tmp_path / "history.jsonl", clock())
    record(recorder)
    found = read(recorder.close())
    assert list(found) == list(recorder.history)
    assert found.timed
    assert not found.warnings


def test_without_a_path_the_history_is_in_memory_only():
    recorder = Recorder(None, clock())
    record(recorder)
    assert len(recorder.history.operations()) == 2
    assert recorder.close() is None


def test_a_recording_can_end_uncompressed(tmp_path):
    recorder = Recorder(tmp_path / "history.jsonl", clock())
    record(recorder)
    assert recorder.close(compress=False) == tmp_path / "history.jsonl"
    assert len(read(tmp_path / "history.jsonl")) == 5


def test_an_older_recording_is_never_overwritten(tmp_path):
    Recorder(tmp_path / "history.jsonl", clock()).close(compress=False)
    with pytest.raises(InfrastructureError, match="exists"):
        Recorder(tmp_path / "history.jsonl", clock())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence_and_the_line_waits(tmp_path):
    path = tmp_path / "history.jsonl"
    recorder = Recorder(path, clock())
    recorder.invoke(0, Operation("read"), "n1")
    to_disk = os.dup(recorder._file)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, recorder._file)
    with pytest.raises(InfrastructureError, match="No space left"):
        recorder.complete(0, Operation("read"), Outcome.ok(1), "n1")
    assert len(read(path)) == 1
    os.dup2(to_disk, recorder._file)
    assert [event.value for event in read(recorder.close())] == [None, 1]


def test_a_disk_too_full_to_compress_leaves_the_plain_file(tmp_path, monkeypatch):
    recorder = Recorder(tmp_path / "history.jsonl", clock())
    record(recorder)

    def no_room(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    assert recorder.close() == tmp_path / "history.jsonl"
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]
    assert "No space left" in recorder.history.warnings[0]


def test_sets_are_recorded_in_an_order_that_no_hash_decides(tmp_path):
    recorder = Recorder(tmp_path / "history.jsonl", clock())
    recorder.nemesis("start-kill", {"nodes": {"n3", "n1", "n2"}, 7: frozenset([10, 9])})
    found = next(iter(read(recorder.close())))
    assert found.value == {"nodes": ("n1", "n2", "n3"), "7": (9, 10)}
    assert list(recorder.history) == [found]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(st.integers() | st.text(max_size=2), max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(VALUES, VALUES, st.sampled_from(EventType)), max_size=5))
def test_memory_and_file_agree_on_any_values(tmp_path_factory, operations):
    path = tmp_path_factory.mktemp("run") / "history.jsonl"
    recorder = Recorder(path, clock())
    for process, (argument, result, ended) in enumerate(operations):
        operation = Operation("f", argument)
        recorder.invoke(process, operation, "n1")
        if ended is not EventType.INVOKE:
            recorder.complete(process, operation, Outcome(ended, result), "n1")
    found = read(recorder.close())
    assert list(map(repr, found)) == list(map(repr, recorder.history)), "1, 1.0 and true are told apart"
