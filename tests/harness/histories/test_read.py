"""The front door: which format is it, and one clear sentence for everything that is none."""

import contextlib
import gzip
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import HistoryError, UsageError
from splitbrain.harness.histories import FORMATS, ReadingStopped, read
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.histories.validate import Intake
from splitbrain.harness.operation import Operation, Outcome

OWN = """\
{"index":0,"time":5,"process":0,"type":"invoke","f":"write","key":"k","value":[1,"ü"],"node":"n1"}
{"index":1,"time":6,"process":"nemesis","type":"info","f":"start-kill","value":null}
{"index":2,"time":6,"process":0,"type":"ok","f":"write","key":"k","value":[1,"ü"],"node":"n1"}
"""
FOREIGN = """\
{"process": 0, "type": "invoke", "f": "write", "value": 1}
{"process": 0, "type": "ok", "f": "write", "value": 1}
"""
EDN = """\
{:process 0, :type :invoke, :f :write, :value "ü"}
{:process 0, :type :ok, :f :write, :value "ü"}
"""
ARRAY = '[{"process":0,"type":"invoke","f":"write","value":1},\n{"process":0,"type":"ok","f":"write","value":1}]\n'
LOG = "INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\n"
TEXT = "0\t:invoke\t:write\t[1 2]\n0\t:ok\t:write\t[1 2]\n"
TUPLES = "[0 :invoke :write 1]\n[0 :ok :write 1]\n"
TABLE = "process,type,f,value\n0,invoke,write,#{1}\n0,ok,write,#{1}\n"
SAMPLES = {
    "own": OWN, "foreign": FOREIGN, "edn": EDN, "vector": f"[{EDN}]", "array": ARRAY, "log": LOG, "text": TEXT,
    "tuples": TUPLES, "tuples in a vector": f"[{TUPLES}]", "table": TABLE,
}  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["h.jsonl", "h.edn", "h", "h.jsonl.gz"])
def test_the_content_decides_whatever_the_name_says(sample, name, tmp_path):
    plain = SAMPLES[sample].encode()
    for data in (plain, b"\xef\xbb\xbf" + plain, gzip.compress(plain, mtime=0), b"\n \n" + plain):
        (tmp_path / name).write_bytes(data)
        assert len(read(tmp_path / name).operations()) == 1


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"[]", b"()", b"; nothing\n", gzip.compress(b"", mtime=0)])
def test_no_events_is_an_empty_history(data):
    assert len(read(io.BytesIO(data), name="h")) == 0


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_an_empty_history_in_every_format(format):
    assert len(read(io.BytesIO(b""), format)) == 0


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FOREIGN.encode())))
    assert len(read("-")) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x00\x01\x02{{{[", "h:1: this is no history"),
        (b"hello\nworld\n", "h:1: this is no history"),
        ("{}".encode("utf-16"), "h:1: this is UTF-16"),
        (FOREIGN.encode("utf-16-le"), "h:1: this is UTF-16"),
        (FOREIGN.encode("utf-16-be"), "h:1: this is UTF-16"),
        (FOREIGN.encode("utf-32"), "h:1: this is UTF-32"),
        (FOREIGN.encode("utf-32-be"), "h:1: this is UTF-32"),
        (b"PK\x03\x04rest", "h:1: this is a zip archive: unpack it first"),
        (b"\x28\xb5\x2f\xfdrest", "h:1: this is compressed with zstd: unpack it first"),
        (b'{"process":0,"type":"invoke","value":1}\n', "h:1: the event has no f"),
        (b'{"process":0,"type":"invoke"}\n', "h:1: the event has no f"),
        (FOREIGN.encode("latin-1") + b'{"process":0,"type":"invoke","f":"\xff"}\n', "h:3: not UTF-8"),
        (EDN.encode() + b'{:process 1, :type :invoke, :f "\xff"}\n', "h:3: not UTF-8"),
        (LOG.encode() + b"INFO  jepsen.util - 0\t:invoke\t:write\t\xff\n", "h:3: not UTF-8"),
        (gzip.compress(OWN.encode() * 100, mtime=0)[:-20], "h: the compressed data end early"),
        (gzip.compress(OWN.encode(), mtime=0)[:12] + b"\xff" * 40, "h: the compressed data are damaged"),
        (b"\x1f\x8bnothing that is compressed", "h: the compressed data are damaged"),
        (OWN.encode() + b'{"index":3,"time":7,"process":0,"type":"invoke","f":"r","value":' + b"[" * 99999 + b"\n",
         "h:4: nested too deeply"),
        (FOREIGN.encode() + b'{"process":1,"type":"invoke","f":"r","value":' + b"[" * 300 + b"]" * 300 + b"}\n",
         "h:3: a value is nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_history_is_one_sentence(data, says):
    with pytest.raises(HistoryError) as caught:
        read(io.BytesIO(data), name="h")
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


HALF = r"h:\d: half of a surrogate pair is not text: "


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (r'"\ud800"', HALF + r"\\ud800 \(byte 57\)"),
        (r'"\ud83d\ude00 \\ud800 \uDC00"', HALF + r"\\uDC00 \(byte 78\)"),
        (r'"\ud800\ud83d\ude00"', HALF + r"\\ud800"),
        ("NaN", r"h:\d: not JSON: invalid character \(byte \d+\): 'NaN"),
        ("True", r"h:\d: not JSON: invalid character \(byte \d+\): 'True"),
    ],
)
@pytest.mark.parametrize("array", [False, True])
def test_what_json_has_not_is_told_with_what_stands_there(value, says, array):
    begin = '{"process": 0, "type": "invoke", "f": "write", "value": '
    text = f"{'[' if array else ''}{begin}{value}}}{']' if array else ''}\n"
    with pytest.raises(HistoryError, match=says if not array else says.partition(r" \(byte")[0]):
        read(io.BytesIO(text.encode()), name="h")


@pytest.mark.parametrize("data", [b"{}", b"null", b"5"])
def test_what_is_no_array_of_events_says_what_was_expected(data):
    with pytest.raises(HistoryError, match=r'h:1: no array of events; expected \[\{"process": 0'):
        read(io.BytesIO(data), "json", name="h")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(HistoryError, match="folder"):
        read(tmp_path)
    with pytest.raises(HistoryError, match=r"missing.jsonl: cannot be read: No such file"):
        read(tmp_path / "missing.jsonl")
    with pytest.raises(HistoryError, match="cannot be read"):
        read("a\0b")


def test_a_format_that_does_not_exist():
    with pytest.raises(UsageError, match="yaml"):
        read(io.BytesIO(b""), "yaml")


def test_a_line_that_never_ends_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("splitbrain.harness.histories.source.LINE_BYTES_MAX", 1 << 19)
    with pytest.raises(HistoryError, match="a line of more than"):
        read(io.BytesIO(b"{" + b" " * (1 << 21)), "jsonl")


def outcome(data: bytes) -> "int | str":
    try:
        return len(read(io.BytesIO(data), name="h"))
    except HistoryError as error:
        assert "\n" not in str(error)
        return str(error)


@pytest.mark.parametrize("sample", ["own", "foreign", "edn", "log", "text", "tuples"])
def test_a_file_of_lines_cut_anywhere_is_read_up_to_the_cut(sample):
    data = SAMPLES[sample].encode()
    first = data.index(b"\n")
    for length in range(len(data)):
        found = outcome(data[:length])
        if length > first:
            assert found == data[:length].count(b"\n") + (data[length : length + 1] == b"\n"), length
        elif length > 6 and sample not in ("log", "text") and length < first:
            assert isinstance(found, str), length


@pytest.mark.parametrize("sample", ["array", "vector", "tuples in a vector"])
def test_a_file_that_is_one_value_cut_anywhere_is_refused(sample):
    data = SAMPLES[sample].encode().rstrip()
    assert all(isinstance(outcome(data[:length]), str) for length in range(1, len(data)))


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_byte_changed_anywhere_never_breaks_the_reader(sample):
    data = SAMPLES[sample].encode()
    for at in range(len(data)):
        for byte in b'\x00"{}[]:\\ \n\xff#;9':
            outcome(data[:at] + bytes([byte]) + data[at + 1 :])


@given(st.binary(max_size=60), st.sampled_from(FORMATS))
def test_garbage_never_breaks_the_reader(data, format):
    try:
        read(io.BytesIO(data), format, name="h")
    except HistoryError as error:
        assert str(error).startswith("h")


def test_a_recording_that_was_killed_is_read_up_to_its_last_whole_line(tmp_path):
    recorder = Recorder(tmp_path / "history.jsonl", iter(range(100)).__next__)
    for process in range(5):
        recorder.invoke(process, Operation("write", process), "n1")
        recorder.complete(process, Operation("write", process), Outcome.ok(process), "n1")
    written = Path(tmp_path / "history.jsonl").read_bytes()
    for length in range(written.index(b"\n") + 1, len(written)):
        (tmp_path / "cut.jsonl").write_bytes(written[:length])
        found = read(tmp_path / "cut.jsonl")
        assert list(found) == list(recorder.history)[: len(found)]
        assert len(found.warnings) == (written[length - 1 : length] not in (b"\n", b"}"))


class _Spent(BudgetMeter):
    """A budget that is spent after some looks at it."""

    looks = 3

    def exhausted(self) -> str | None:
        self.looks -= 1
        return None if self.looks > 0 else "the budget of 2 s was spent"


@pytest.mark.parametrize("form", ["jsonl", "edn", "json"])
def test_reading_draws_on_the_budget(form: str) -> None:
    one = '{"process": 0, "type": "invoke", "f": "read"}\n{"process": 0, "type": "ok", "f": "read", "value": 1}\n'
    text = one * 20_000
    if form == "json":
        text = f"[{text.strip().replace(chr(10), ',')}]"
    elif form == "edn":
        text = text.replace('": ', " ").replace('{"', "{:").replace(', "', ", :")
    assert len(read(io.BytesIO(text.encode()), form)) == 40_000
    with pytest.raises(ReadingStopped, match=r"the budget of 2 s was spent"):
        read(io.BytesIO(text.encode()), form, spending=_Spent(Budget(), 0.0))


def test_a_history_that_does_not_fit_into_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Intake, "add", no_memory)
    text = b'[{"process": 0, "type": "invoke", "f": "read"}]'
    with pytest.raises(HistoryError, match="does not fit into the memory"):
        read(io.BytesIO(text), "json")


PREFIXES = (
    "", "[", "[[", "{", "{:process 0, ", "(", '"', "[0 :invoke ", "0 :invoke :", "jepsen.util ",
    "INFO jepsen.util - 0 ", "1: ", '{"index":0,', "[{", "a,b,c\n", "#", "\\", ":", ";",
)  # fmt: skip
UNITS = (" ", "\n", ",", "\t", "a", "1 ", ": ", "\\", '"', "#_ ", "[", "{", ";", "-", "jepsen.util ", "0 :invoke", "/")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_long_repetition_behind_any_beginning_is_read_or_refused_at_once(prefix: str) -> None:
    """Texts of 60 kB, for which patterns that try each blank anew take two minutes."""
    for unit, suffix in itertools.product(UNITS, ("", "]", "x")):
        text = prefix + unit * (60_000 // len(unit)) + suffix
        with contextlib.suppress(HistoryError):
            read(io.BytesIO(text.encode()))
