"""Files that are no histories, histories changed without a change of meaning, and hostile values: whatever is checked,
the answer is a verdict or one sentence, and the verdict is the right one.

Everything follows from a seed, which stands in the message of what fails.
"""

import gzip
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import FORMATS, read
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import NEMESIS
from splitbrain.results.format import plain_lines
from splitbrain.runner.checking import Judge, check_history

REPORTS = Path(__file__).resolve().parent.parent / "data" / "reports"
SMALL = Budget(seconds=20, configurations=20_000, bytes=1 << 28)

MALFORMED = (120, 2_400)
CHANGED = (250, 2_500)
HOSTILE = (500, 9_000)
"""Cases in a short run and in a long one."""
SHORT_AND_LONG = (
    pytest.param(0, id="short"),
    pytest.param(1, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
)
UNDER = ("register", "cas-register", "lin-set", "bank", "set-full", "fifo-queue")

JSONL = (
    b'{"index":0,"time":1,"process":0,"type":"invoke","f":"write","value":1}\n'
    b'{"index":1,"time":2,"process":0,"type":"ok","f":"write","value":1}\n'
    b'{"index":2,"time":3,"process":1,"type":"invoke","f":"read","value":null}\n'
    b'{"index":3,"time":4,"process":1,"type":"ok","f":"read","value":[1,{"a":2}],"error":["timeout","x"]}\n'
)
SEEDS = (
    JSONL,
    b"[" + JSONL.strip().replace(b"\n", b",\n") + b"]",
    b'[{:process 0, :type :invoke, :f :cas, :value [1 "a\\nb"]}\n{:process 0 :type :ok :f :cas :value #{1 2}}]\n',
    b"; EDN\n{:process 0, :type :invoke, :f :read, :value nil} #_ {:a 1}\n{:process 0 :type :ok :f :read :value 1.5}\n",
    b"INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t[1 2]\n",
    b"INFO [2017-03-30] jepsen worker 1 - jepsen.util 1 :invoke :cas [1 2]\n"
    b"2021 INFO [jepsen worker 1] jepsen.util: 1\t:info\t:cas\t[1 2]\t:timeout (x\n",
    b'0\t:invoke\t:write\t0x1F\n:nemesis\t:info\t:start\t#object[a.b 0x4d "c"]\n0\t:info\t:write\t31\t:timeout\n',
    b"     1\t0 :invoke :write  1/2\n     2\t0 :ok :write  1/2\n",
    b"[0 :invoke :write 017]\n[0 :ok :write 017]\n",
    b"[[:a :invoke :read nil]\n[:a :ok :read #{1}]]\n",
    b'time,process,type,f,value\n1,a,invoke,write,"[1, {}]"\n2,a,ok,write,"[1, {}]"\n',
    b'{"type":"invoke","f":"read"}\n{"type":"invoke","f":"read"}\n{"type":"ok","f":"read","value":1}\n',
    b'{"process":"a","type":"ok","f":"write","value":1}\n{"process":"a","type":"invoke","f":"write","value":1}\n'
    b'{"process":"a","type":"info","f":"write"}\n{"process":"a","type":"invoke","f":"read"}\n',
)
POISON = (
    b"[" * 5_000, b"{" * 5_000, b"(" * 101, b'{"a":' * 2_000, b" " * 60_000, b"," * 60_000, b"9" * 5_000, b"1e999",
    b"-", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b'"', b"\\", b"#", b"#_", b"##NaN", b"#inst", b"\\u12",
    b'"\\ud800"', b";", b"}", b"]", b"\r\n", b"nil", b"\xc3", b'"type":"ok",', b":process -1", b'"process":1e30',
    b"#{1 1}", b"{:a}", b"jepsen.util - ", b"99999999999999999999", b'"index":-5,', b"\n" * 3_000, b"#" * 2_000,
)  # fmt: skip


def malformed(random: Random) -> bytes:
    """A file that was a history once."""
    data = bytearray(random.choice(SEEDS) * random.choice((1, 1, 50)))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randrange(5):
            case 0:
                data[at:at] = random.choice(POISON)
            case 1:
                del data[at : at + random.randint(1, 40)]
            case 2:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 3:
                data[at:at] = data[random.randrange(len(data) + 1) :][:80]
            case _:
                data[at:] = b""
    if random.random() < 0.2:
        packed = gzip.compress(bytes(data), 1, mtime=0)
        return packed[: random.choice((len(packed), random.randrange(len(packed))))]
    return bytes(data)


@pytest.mark.parametrize("length", SHORT_AND_LONG)
def test_a_file_that_is_no_history_is_one_sentence(tmp_path: Path, length: int) -> None:
    path = tmp_path / "history"
    for seed in range(MALFORMED[length]):
        random = Random(f"malformed {seed}")
        path.write_bytes(malformed(random))
        form = random.choice(("auto", "auto", *FORMATS))
        try:
            keyed, lenient = random.random() < 0.1, random.random() < 0.5
            history = read(path, form, keyed=keyed, lenient=lenient, spending=SMALL.start())
            for model in UNDER:
                judged(history, model)
        except UsageError as told:
            assert str(told).startswith(str(path)) and "\n" not in plain_lines(str(told)), (seed, str(told))
        except Exception as error:
            error.add_note(f"seed {seed}, format {form}")
            raise


def judged(history: History, model: str) -> str:
    """The verdict, or that it is wrong use."""
    try:
        result = check_history(history, "history", Judge.of_model(model, {}), SMALL)
    except UsageError as told:
        assert plain_lines(str(told)).isprintable()
        return "wrong use"
    assert "the checker failed" not in result.reason, result.reason
    json.dumps(result.headline())
    return result.status.value


@dataclass
class Known:
    """A history whose verdict is known."""

    name: str
    model: str
    settings: dict[str, str]
    expected: str
    events: list[Event]


def known() -> list[Known]:
    """The reports that are decided, about linearizability, and short."""
    found = []
    for line in (REPORTS / "expected.tsv").read_text().splitlines()[1:]:
        file, words, expected, pending, _, _ = line.split("\t")
        model, *rest = words.split()
        settings = dict(word.split("=", 1) for word in rest if "=" in word)
        if pending or expected == "unreadable" or file.startswith("perf") or "--format" in rest:
            continue
        if model not in MODELS and model != "append-list":
            continue
        keyed = settings.pop("keyed", "") == "true"
        history = read(REPORTS / file, keyed=keyed, lenient="--lenient" in rest)
        found.append(Known(file, model, settings, expected, list(history)))
    return found


Change = Callable[[Random, list[Event]], list[Event]]


def other_processes(random: Random, events: list[Event]) -> list[Event]:
    processes = sorted({event.process for event in events if isinstance(event.process, int)})
    names: dict[int | str, int] = dict(zip(processes, random.sample(range(1000), len(processes)), strict=True))
    return [
        event if event.process == NEMESIS else replace(event, process=names[event.process]) for event in events
    ]  # fmt: skip


def other_times(random: Random, events: list[Event]) -> list[Event]:
    moment, out = -(10**12), []
    for event in events:
        moment += random.randint(0, 10**9)
        out.append(replace(event, time=moment))
    return out


def with_a_nemesis(random: Random, events: list[Event]) -> list[Event]:
    out = list(events)
    for kind in ("info", "info", "info"):
        at = random.randrange(len(out) + 1)
        out.insert(at, Event(index=0, time=0, process=NEMESIS, type=kind, f="start-kill", value=["n1"]))
    return [replace(event, time=at) for at, event in enumerate(out)]


def with_neighbours_exchanged(random: Random, events: list[Event]) -> list[Event]:
    """Two invocations, or two completions, in a row: nothing precedes anything else than before."""
    out = list(events)
    for _ in range(4):
        at = random.randrange(max(1, len(out) - 1))
        pair = out[at : at + 2]
        if len({event.type == "invoke" for event in pair}) == 1 and len({event.process for event in pair}) == 2:
            out[at : at + 2] = pair[::-1]
    return [replace(event, time=at) for at, event in enumerate(out)]


def with_an_operation_that_failed(random: Random, events: list[Event]) -> list[Event]:
    f = next(event.f for event in events if event.process != NEMESIS)
    like = next(event for event in events if event.f == f and event.type == "invoke")
    fresh = 5_000
    begun, ended = replace(like, process=fresh), replace(like, process=fresh, type="fail", error=["refused", ""])
    at = random.randrange(len(events) + 1)
    after = random.randrange(at, len(events) + 1)
    out = [*events[:at], begun, *events[at:after], ended, *events[after:]]
    return [replace(event, time=at) for at, event in enumerate(out)]


def with_an_open_read_at_the_end(random: Random, events: list[Event]) -> list[Event]:
    del random
    reads = [event for event in events if event.f in ("read", "get", "contains") and event.type == "invoke"]
    last = [replace(reads[0], process=6_000, time=events[-1].time)] if reads else []
    return [*events, *last]


CHANGES: Sequence[Change] = (
    other_processes, other_times, with_a_nemesis, with_neighbours_exchanged, with_an_operation_that_failed,
    with_an_open_read_at_the_end,
)  # fmt: skip


def replace(event: Event, **fields: Any) -> Event:
    return msgspec.structs.replace(event, **fields)


def written_again(events: Sequence[Event], random: Random, path: Path) -> History:
    """The history through a file, in any format that can hold it."""
    plain = [msgspec.to_builtins(event) for event in events]
    for event in plain:
        del event["index"]
    lines = [json.dumps(event) for event in plain]
    text = "\n".join(lines) + "\n" if random.random() < 0.5 else f"[{', '.join(lines)}]"
    path.write_bytes(gzip.compress(text.encode()) if random.random() < 0.3 else text.encode())
    return read(path)


@pytest.mark.parametrize("length", SHORT_AND_LONG)
def test_changes_without_a_meaning_change_no_verdict(tmp_path: Path, length: int) -> None:
    histories = known()
    assert len(histories) > 100
    for seed in range(CHANGED[length]):
        random = Random(f"changed {seed}")
        case = histories[seed % len(histories)]
        events = case.events
        made = random.sample(CHANGES, random.randint(1, 3)) if events else []
        for change in made:
            events = change(random, events)
        judge = Judge.of_model(case.model, case.settings)
        history = History.of(events)
        if random.random() < 0.3 and not case.name.endswith(".edn"):
            history = written_again(events, random, tmp_path / "again")
        verdict = judge.verdict(history, SMALL).value.value
        assert verdict == case.expected, (seed, case.name, [change.__name__ for change in made])


VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -1, 2**62, 10**40, 1.0, math.nan, math.inf, -0.0, "", "a", "\x1b[2J", "ü", "\ud800",
    (), (1,), (1, 2), (None, None), (1, (2, 3)), [], [1, 2], {}, {"a": 1}, {1: None}, {"from": 1, "to": 2, "amount": 1},
    {"a": {"b": []}}, frozenset(), frozenset({1}), frozenset({(1, 2)}), ((("r", 0, None),),), "precondition",
    ("precondition", ""), 10**400, "x" * 1000,
)  # fmt: skip
NAMES = (
    "read", "write", "cas", "get", "put", "append", "add", "remove", "contains", "enqueue", "dequeue", "push", "pop",
    "acquire", "release", "hold", "use", "transfer", "generate", "fetch-and-add", "txn", "watch", "inc", "\x1b",
    "delete", "range", "cas-revision", "size", "peek", "addFirst", "pollLast", "drain", "cas",
)  # fmt: skip


def hostile(random: Random) -> list[Event]:
    """A well-formed history with any values at all."""
    few = random.sample(VALUES, random.randint(1, 6))
    names = random.sample(NAMES, random.randint(1, 4))
    events: list[Event] = []
    open_: dict[int, str] = {}
    idle = list(range(random.randint(1, 4)))

    def add(process: Any, kind: str, f: str) -> None:
        def maybe(value: Any) -> Any:
            return value if random.random() < 0.3 else UNSET

        events.append(Event(
            index=len(events), time=len(events), process=process, type=kind, f=f, value=random.choice(few),
            key=maybe(random.choice(VALUES)), error=maybe(random.choice(VALUES)), revision=maybe(random.randrange(5)),
            token=maybe(random.choice(VALUES)), node=maybe("n1"), session=maybe("s"),
        ))  # fmt: skip

    for _ in range(random.randint(0, 30)):
        if idle and random.random() < 0.5:
            process = idle.pop(random.randrange(len(idle)))
            open_[process] = random.choice(names)
            add(process, "invoke", open_[process])
        elif open_:
            process = random.choice(list(open_))
            kind = random.choice(("ok", "ok", "ok", "fail", "info"))
            add(process, kind, open_.pop(process))
            idle.append(process if kind != "info" else process + 10)
        elif random.random() < 0.3:
            add(NEMESIS, "info", "start-x")
    return events


@pytest.mark.parametrize("length", SHORT_AND_LONG)
def test_hostile_values_get_a_verdict_or_a_sentence(length: int) -> None:
    models = list(CATALOGUE)
    for seed in range(HOSTILE[length]):
        random = Random(f"hostile {seed}")
        model = models[seed % len(models)]
        try:
            judged(History.of(hostile(random)), model)
        except Exception as error:
            error.add_note(f"seed {seed}, model {model}")
            raise
