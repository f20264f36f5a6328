"""The compiled reader of lines takes what the plain one takes, and says what it says."""

import io
import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read, validate
from splitbrain.harness.history import History

pytest.importorskip("splitbrain.harness.lines_native", reason="no compiled parts here")

PLAIN: Sequence[Any] = (None, 0, 7, -3, 65_536, 10**17, "x", "", True, False)
STRANGE: Sequence[Any] = (1.5, 1e300, 10**18, -(10**20), "é", "a\nb", 'q"', {"a": [1]}, {"a": 1, "b": {}}, "\x7f")
PIECES = (
    b'"', b"\\", b",", b":", b"[", b"]", b"{", b"}", b" ", b"\n", b"\r", b"\t", b"0", b"01", b"-", b"-0", b"1.5",
    b"1e5", b"null", b"nul", b"true", b"tru", b'"index":0,', b'"value":1,', b'"more":1,', b'"process":"nemesis",',
    b"\xff", b"\xc3\xa9", b"\x00", b"9" * 25,
)  # fmt: skip


def value(random: Random, strange: float, depth: int = 0) -> Any:
    if depth < 3 and random.random() < 0.4:
        return [value(random, strange, depth + 1) for _ in range(random.randrange(5))]
    return random.choice(STRANGE if random.random() < strange else PLAIN)


def lines(random: Random, count: int, strange: float) -> list[bytes]:
    """Lines of a well-formed history."""
    out: list[bytes] = []
    open_f: dict[int, str] = {}
    separators = random.choice([(",", ":"), (", ", ": ")])
    for index in range(count):
        process = random.randrange(4)
        if random.random() < 0.05:
            event: dict[str, Any] = {"process": "nemesis", "type": "info", "f": "kill"}
        elif process in open_f:
            event = {"process": process, "type": random.choice(["ok", "fail"]), "f": open_f.pop(process)}
        else:
            open_f[process] = random.choice(["txn", "read", "é" if strange else "w"])
            event = {"process": process, "type": "invoke", "f": open_f[process]}
        event = {"index": index, "time": index // 3, **event}
        if random.random() < 0.9:
            event["value"] = value(random, strange)
        for name in ("key", "error", "token", "session"):
            if random.random() < 0.1:
                event[name] = value(random, strange)
        if random.random() < 0.1:
            event["node"] = "n1"
        if random.random() < 0.1:
            event["revision"] = random.randrange(100)
        if random.random() < 0.1:
            event = dict(random.sample(list(event.items()), len(event)))
        ascii_only = random.random() < 0.5
        out.append(json.dumps(event, separators=separators, ensure_ascii=ascii_only).encode())
    return out


def spoiled(random: Random, data: bytes) -> bytes:
    """The same with a piece put in, taken out, or both."""
    at = random.randrange(len(data))
    return data[:at] + random.choice(PIECES) * random.randrange(2) + data[at + random.choice([0, 1, 1, 4, 60]) :]


def told(data: bytes) -> tuple[list[Any], list[str], list[int]] | str:
    """The events of a file with the remarks of the reader, or its objection."""
    try:
        history: History = read(io.BytesIO(data), "jsonl", name="h")
    except HistoryError as refused:
        return str(refused)
    return list(history), history.warnings, history.partner.tolist()


def both(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same of both readers, once they agree."""
    found = told(data)
    with monkeypatch.context() as patch:
        patch.setattr(validate, "lines_native", None)
        assert found == told(data), data
    return found


@pytest.mark.parametrize("strange", [0.0, 0.05, 0.5])
def test_both_readers_make_the_same_of_a_file(strange: float, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(f"lines {strange}")
    for count in range(40):
        data = b"\n".join(lines(random, 2 + 5 * count, strange)) + b"\n" * (count % 2)
        assert len(both(data, monkeypatch)[0]) == 2 + 5 * count


def test_both_readers_object_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random, refused = Random("spoiled lines"), set[str]()
    for count in range(1500):
        data = b"\n".join(lines(random, 1 + count % 12, 0.02)) + b"\n"
        found = both(spoiled(random, data), monkeypatch)
        if isinstance(found, str):
            refused.add(re.sub(r"^h:\d+: |\d", "", found)[:9])
    assert {"not JSON:", "not UTF- ", "not an ev", "index  wh", "process  "} <= refused


def test_a_broken_rule_of_an_event_on_several_lines_is_told_with_its_last_line() -> None:
    data = (
        b'{"index":0,"time":0,"process":0,"type":"invoke","f":"w"}\n'
        b'{"index":1,"time":0,\n"process":0,"type":"x","f":"w"}\n'
    )
    assert told(data) == "h:3: type is invoke, ok, fail or info, not 'x'"


def test_plain_lines_are_all_taken() -> None:
    data = b"\n".join(lines(Random("plain"), 300, 0.0)) + b"\n"
    intake = validate.Intake(own=True)
    assert intake.add_lines(data, 0) == (300, len(data))
    assert intake.taken == len(intake.history) == 300


def test_a_value_has_one_id_whoever_read_it() -> None:
    data = (
        b'{"index":0,"time":0,"process":0,"type":"invoke","f":"txn","value":[["r",1,[1,2]]]}\n'
        b'{"index":1,"time":1,"process":0,"type":"ok","f":"txn","value":[["r",1,[1,2]],1.5]}\n'
    )
    history = read(io.BytesIO(data), "jsonl")
    pool, whole = history.pool, history.event(0).value
    assert pool.id([1, 2]) == pool.id((1, 2)) < pool.id(whole)
    assert history.event(1).value[0] is whole[0]
    assert pool.id([["r", 1, [1, 2]]]) == history.value[0]
    assert pool.id([3, 4]) == len(pool) - 1
