"""Windows and bites of the faults of a history, read from the nemesis's events: `start-X`, then `stop-X` with the bite.

Pitfall: a fault that was asked for and is missing here, or whose counters are all zero, tested nothing. `bit` is then
false, and the run must not be called a pass.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness import injection
from splitbrain.harness.history import NEMESIS_PROCESS, History
from splitbrain.harness.operation import Value


@dataclass(frozen=True)
class Window:
    """One time a fault was on.

    start_ns, stop_ns: since the start of the run; a window that never stopped ends with the history, and `healed` is
    false. start, stop: positions of its events in the history; `stop` is that of the last event if it never stopped.
    value: what the fault said about itself when it started (a topology, nodes), without a bite. bite: its counters.
    told: whether it has an end with counters, which histories of other tools have not.
    """

    fault: str
    start_ns: int
    stop_ns: int
    start: int
    stop: int
    value: Value
    bite: injection.Bite
    healed: bool
    told: bool = True


@dataclass(frozen=True)
class FaultRecord:
    """One fault over a whole run: how many times it started, and what it did altogether. told: see Window."""

    times: int
    bite: Mapping[str, float] = field(default_factory=dict)
    told: bool = True

    @property
    def bit(self) -> bool:
        """Whether it did anything at all."""
        return injection.bit(self.bite)


def windows(history: History) -> tuple[Window, ...]:
    """Every window of every fault, in order of their start.

    A fault that starts again before it stopped is one window: tools that write both the call and its end do that.
    """
    found: list[Window] = []
    starts: dict[str, int] = {}
    values = history.pool.values
    position = -1
    for _ in range(history.process.count(NEMESIS_PROCESS)):
        position = history.process.index(NEMESIS_PROCESS, position + 1)
        word, _, name = str(values[history.f[position]]).partition("-")
        if word == "start":
            starts.setdefault(name, position)
        elif word == "stop" and name in starts:
            found.append(_window(history, name, starts.pop(name), position, healed=True))
    last = len(history) - 1
    found.extend(_window(history, name, start, last, healed=False) for name, start in starts.items())
    return tuple(sorted(found, key=lambda window: window.start))


def records(found: Iterable[Window], asked: Sequence[str] = ()) -> dict[str, FaultRecord]:
    """Per fault, by name: those asked for first (also when they never came), then others in order of appearance."""
    times: dict[str, int] = dict.fromkeys(asked, 0)
    bites: dict[str, list[injection.Bite]] = {name: [] for name in asked}
    told: dict[str, bool] = {}
    for window in found:
        name = window.fault
        times[name] = times.get(name, 0) + 1
        bites.setdefault(name, []).append(window.bite)
        told[name] = told.get(name, False) or window.told
    return {name: FaultRecord(times[name], injection.total(bites[name]), told.get(name, True)) for name in times}


class Overlap:
    """A quick test whether an interval of time touches any window."""

    def __init__(self, found: Iterable[Window]) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        for window in sorted(found, key=lambda window: window.start_ns):
            if self._stops and window.start_ns <= self._stops[-1]:
                self._stops[-1] = max(self._stops[-1], window.stop_ns)
            else:
                self._starts.append(window.start_ns)
                self._stops.append(window.stop_ns)

    def touches(self, start_ns: int, stop_ns: int) -> bool:
        """Whether a fault was on at any time of this interval, ends included."""
        at = bisect_right(self._starts, stop_ns) - 1
        return at >= 0 and self._stops[at] >= start_ns


def _window(history: History, fault: str, start: int, stop: int, healed: bool) -> Window:
    values = history.pool.values
    return Window(
        fault or "fault",
        history.time[start],
        history.time[stop],
        start,
        stop,
        values[history.value[start]],
        _bite(values[history.value[stop]]) if healed else {},
        healed,
        healed and _has_bite(values[history.value[stop]]),
    )


def _has_bite(value: Value) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("bite"), Mapping)


def _bite(value: Value) -> injection.Bite:
    if not isinstance(value, Mapping) or not _has_bite(value):
        return {}
    return {str(name): amount for name, amount in value["bite"].items() if isinstance(amount, int | float)}
