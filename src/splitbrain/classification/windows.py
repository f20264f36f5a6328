"""Fault windows of a history: when a fault held, which nodes were on which side, and what was asked of them meanwhile.

A pure function of a history. A window begins when the fault had taken hold and ends when its healing began: the
nemesis's events carry how long injecting and healing took, where they took any time.

Pitfall: a fault that is injected after the main phase, to depose a leader before final reads, meets no clients; it is
left out.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from splitbrain.checkers.common.registers import READS, WRITES, registers
from splitbrain.checkers.staleness.reads import milliseconds_behind
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.injection import bit
from splitbrain.harness.operation import ErrorKind, EventType, Value
from splitbrain.results.faults import Window, windows
from splitbrain.results.format import natural
from splitbrain.results.sides import SPLIT, sides_of
from splitbrain.results.summary import error_kind

MILLISECOND = 1_000_000
BEFORE_NS, AFTER_NS = 2_000_000_000, 3_000_000_000
"""Time before and after a window of which requests are taken along, for the picture and for recovery."""
NEVER_NS = 1 << 62
READ, WRITE = "read", "write"
KINDS = (READ, WRITE)


class RequestEnd(StrEnum):
    """End of a request, as its client saw it."""

    OK = "ok"
    REFUSED = "refused"
    """An answer of the node that it would not do it."""
    TIMED_OUT = "timed out"
    UNKNOWN = "unknown"
    """A connection that broke or could not be made, or a node that was in doubt itself."""


@dataclass(frozen=True)
class ServiceRequest:
    """One operation near a window.

    kind: READ or WRITE. at, ended: nanoseconds since the window began; ended is None if it never did. stale_ms: by how
    much what a read returned had been superseded when it began, 0 for a fresh one.
    """

    node: str
    kind: str
    at: int
    ended: int | None
    answer: RequestEnd
    stale_ms: float = 0.0


@dataclass(frozen=True)
class FaultWindow:
    """One time a fault held.

    started, stopped: nanoseconds since the run began. sides: as of `results.sides`. leader_side: where the node was
    that led when it began, if the history says so. bit: whether it did anything. crossed: reads that were answered on
    one side, and that nothing known there explains: a write of their key had begun and been acknowledged on another
    side since the split began, and all writes of the key on their own side had ended before that one began.
    requests: in order.
    """

    fault: str
    started: int
    stopped: int
    sides: Mapping[str, Sequence[str]]
    leader_side: str | None
    bit: bool
    crossed: int
    requests: tuple[ServiceRequest, ...]

    @property
    def split(self) -> bool:
        """Whether it is a split of the network that did something."""
        return self.bit and bool(self.sides) and set(self.sides) <= SPLIT

    @property
    def length(self) -> int:
        """The time for which it held, in nanoseconds."""
        return self.stopped - self.started

    def side_of(self, node: str) -> str | None:
        """The side that a node was on."""
        return next((side for side, nodes in self.sides.items() if node in nodes), None)


def fault_windows(history: History) -> list[FaultWindow]:
    """The windows of the main phase of a history of registers, in order."""
    rows = _InvokedRows(history)
    found = []
    for window in windows(history):
        if window.start_ns > rows.last_write:
            continue
        started, stopped = held(history, window)
        sides = sides_of(window.value, rows.nodes)
        inside = rows.between(started - BEFORE_NS, stopped + AFTER_NS)
        found.append(
            FaultWindow(
                window.fault, started, stopped, sides, _leader_side(window.value, sides), bit(window.bite),
                rows.crossed(started, stopped, sides), tuple(rows.request(row, started) for row in inside),
            )
        )  # fmt: skip
    return found


def held(history: History, window: Window) -> tuple[int, int]:
    """The time from when until when a fault held: without what injecting and healing took."""
    said = history.pool.values[history.value[window.stop]] if window.healed else None
    said = said if isinstance(said, Mapping) else {}
    injecting, healing = (_nanoseconds(said.get(word)) for word in ("injecting_ms", "healing_ms"))
    started, stopped = window.start_ns + injecting, window.stop_ns - healing
    return (started, stopped) if started <= stopped else (window.start_ns, window.stop_ns)


def _nanoseconds(value: Value) -> int:
    return round(value * MILLISECOND) if isinstance(value, int | float) else 0


def _leader_side(value: Value, sides: Mapping[str, Sequence[str]]) -> str | None:
    leader = value.get("leader") if isinstance(value, Mapping) else None
    return next((side for side, nodes in sides.items() if leader in nodes), None)


class _InvokedRows:
    """The operations of a history, by the time of their invocation."""

    def __init__(self, history: History) -> None:
        self.history = history
        operations, values, node = history.operations(), history.pool.values, history.node
        self.invoke, self.complete = operations.invoke, operations.complete
        self.times = [history.time[invoke] for invoke in operations.invoke]
        self.kinds = [READ if values[f] in READS else WRITE if values[f] in WRITES else "" for f in operations.f]
        self.key, self.ended = operations.key, operations.ended
        self.where = ["" if node[i] == ABSENT else str(values[node[i]]) for i in operations.invoke]
        self.nodes = sorted({name for name in self.where if name}, key=natural)
        writes = [time for time, kind in zip(self.times, self.kinds, strict=True) if kind == WRITE]
        self.last_write = max(writes, default=-1)
        of = registers(history, "availability", None)
        self.stale = {of.start[read]: behind for read, behind in milliseconds_behind(of)}

    def between(self, start: int, stop: int) -> range:
        """The rows of operations that were invoked in an interval."""
        return range(bisect_left(self.times, start), bisect_left(self.times, stop))

    def request(self, row: int, started: int) -> ServiceRequest:
        """One row as a request near a window that started then."""
        end = self.complete[row]
        ended = None if end == ABSENT else self.history.time[end] - started
        stale = self.stale.get(self.invoke[row], 0.0)
        return ServiceRequest(
            self.where[row], self.kinds[row], self.times[row] - started, ended, self.answer(row), stale
        )

    def answer(self, row: int) -> RequestEnd:
        """The end of an operation, as its client saw it."""
        ended, end = self.ended[row], self.complete[row]
        if ended == EventType.OK:
            return RequestEnd.OK
        if end == ABSENT:
            return RequestEnd.TIMED_OUT
        error = self.history.error[end]
        kind = ErrorKind.OTHER.value if error == ABSENT else error_kind(self.history, error)
        if kind == ErrorKind.TIMEOUT:
            return RequestEnd.TIMED_OUT
        unreached = kind in (ErrorKind.REFUSED, ErrorKind.CONNECTION)
        return RequestEnd.UNKNOWN if unreached or ended == EventType.INFO else RequestEnd.REFUSED

    def crossed(self, start: int, stop: int, sides: Mapping[str, Sequence[str]]) -> int:
        """See `FaultWindow.crossed`."""
        side = {node: name for name, nodes in sides.items() for node in nodes}
        inside, writes = self.between(start, stop), dict[int, list[_WriteInWindow]]()
        for row in range(inside.stop):
            if self.kinds[row] == WRITE and self.ended[row] != EventType.FAIL and self.end(row) >= start:
                write = _WriteInWindow(side.get(self.where[row]), self.times[row], self.end(row))
                writes.setdefault(self.key[row], []).append(write)
        count = 0
        for row in inside:
            if self.kinds[row] != READ or self.ended[row] != EventType.OK or self.end(row) >= stop:
                continue
            at, begun, of_key = side.get(self.where[row]), self.times[row], writes.get(self.key[row], [])
            own = max((one.ended for one in of_key if one.side == at and one.begun <= self.end(row)), default=ABSENT)
            count += any(one.side != at and max(start, own) < one.begun and one.ended < begun for one in of_key)
        return count

    def end(self, row: int) -> int:
        """The time at which an operation ended; never, if its end is unknown."""
        known = self.complete[row] != ABSENT and self.ended[row] != EventType.INFO
        return self.history.time[self.complete[row]] if known else NEVER_NS


@dataclass(frozen=True, slots=True)
class _WriteInWindow:
    """A write that happened or may have. ended: NEVER_NS if its end is unknown."""

    side: str | None
    begun: int
    ended: int
