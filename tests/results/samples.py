"""Histories and records to test results with."""

from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict, Witness
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import RunSpec

MS = 1_000_000
HOSTILE = "</script><img src=http://x onerror=alert(1)> url(//evil) @import \u202e"


def record(**changes: object) -> RunRecord:
    """The record of a small run; its fields, and those of its spec, may be given."""
    names = {declared.name for declared in RunSpec.fields()}
    spec: dict[str, object] = {
        "target": "raft:reads=local",
        "workload": "register",
        "nemesis": "partition",
        "env": "sim",
        "nodes": 3,
        "concurrency": 4,
        "rate": 100.0,
        "time_limit": 15.0,
        "timeout": 1.0,
        "settings": {"keys": 3},
        "seed": 7,
    }
    fields: dict[str, object] = {
        "command": "splitbrain run raft:reads=local --seed 7",
        "faults": ("partition",),
        "options": {"reads": "local", "batch": 8, "sync": True},
    }
    spec |= {name: value for name, value in changes.items() if name in names}
    fields |= {name: value for name, value in changes.items() if name not in names}
    return RunRecord(RunSpec(**spec), **fields)  # type: ignore[arg-type]


def event(
    position: int, ms: float, process: int | str, kind: str, f: str, value: object = None, **more: object
) -> Event:
    """An event at a time in milliseconds."""
    return Event(index=position, time=int(ms * MS), process=process, type=kind, f=f, value=value, **more)  # type: ignore[arg-type]


def stale() -> History:
    """Two nodes, one partition that bit, and a read of 1 after 2 was acknowledged; one operation crashed."""
    rows: list[tuple[float, int | str, str, str, object, dict[str, object]]] = [
        (0, 0, "invoke", "write", 1, {"node": "n1"}),
        (2, 0, "ok", "write", 1, {"node": "n1"}),
        (5, "nemesis", "info", "start-partition", {"topology": "halves"}, {}),
        (10, 1, "invoke", "write", 2, {"node": "n2"}),
        (14, 1, "ok", "write", 2, {"node": "n2"}),
        (20, 2, "invoke", "write", 3, {"node": "n10"}),
        (25, 0, "invoke", "read", None, {"node": "n1"}),
        (26, 0, "ok", "read", 1, {"node": "n1"}),
        (30, 3, "invoke", "cas", (1, 9), {"node": "n2"}),
        (31, 3, "fail", "cas", (1, 9), {"node": "n2", "error": ("precondition", "it is 2")}),
        (40, "nemesis", "info", "stop-partition", {"bite": {"messages_dropped": 12}}, {}),
        (50, 3, "invoke", "read", None, {"node": "n2"}),
        (51, 3, "fail", "read", None, {"node": "n2", "error": ("no-leader", "nobody leads")}),
        (1020, 2, "info", "write", 3, {"node": "n10", "error": ("timeout", "no answer")}),
    ]
    return History.of(
        event(number, ms, process, kind, f, value, key="k", **more)
        if process != "nemesis"
        else event(number, ms, process, kind, f, value)
        for number, (ms, process, kind, f, value, more) in enumerate(rows)
    )


def refuted() -> Verdict:
    """The verdict of a checker on `stale()`."""
    words = ("n1 read 1, yet 2 had been acknowledged", "process 1 wrote 2 before")
    witness = Witness((0, 1, 3, 4, 6, 7), words, offending=6)
    leaf = Verdict(Validity.INVALID, words[0], "porcupine", "register", key="k", witness=witness)
    return Verdict(Validity.INVALID, words[0], "linearizability", "register", children=(leaf,))


def passed() -> Verdict:
    """A verdict of valid."""
    return Verdict(Validity.VALID, "an order was found and verified", "linearizability", "register")
