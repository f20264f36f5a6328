"""Geometry of the pictures over time: bands, ticks, paths; the template places them.

All lengths are percent of the plot, or units of a box 1000 wide and 100 high that is stretched to the plot's size. So
text is never stretched (it is set beside the box), and the same numbers serve a telephone and paper. Dots
would be stretched too, so they are drawn as lines without length and with round ends.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.results import format
from splitbrain.results.faults import Window
from splitbrain.results.series import Series, nice
from splitbrain.results.summary import origin

DOTS_MAX = 2_000
NODES_MAX = 30


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, in percent, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Band:
    """A time when a fault was on, in percent of the plot."""

    left: float
    width: float
    title: str


@dataclass(frozen=True)
class Plot:
    """One picture: paths by class name, marks of its y axis (percent from the bottom), and its unit."""

    paths: dict[str, str]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Cell:
    """Neighbouring buckets of one node with the same share answered. missed: how much was not, in tenths."""

    left: float
    width: float
    missed: int


@dataclass(frozen=True)
class Charts:
    """All pictures over time; they share one time axis."""

    ticks: tuple[Tick, ...]
    faults: dict[str, tuple[Band, ...]]
    answered: dict[str, tuple[Cell, ...]]
    nodes_hidden: int
    throughput: Plot
    latency: Plot | None
    dots_step: int
    staleness: Plot | None


def charts(
    history: History, found: Series, windows: Sequence[Window], stale: Sequence[tuple[int, float]] = ()
) -> Charts:
    """The pictures of a history with times. stale: index of the invocation of reads, and by how many milliseconds they
    were stale."""
    nodes = list(found.nodes.items())
    latency, step = _latency(history, found)
    return Charts(
        _time_ticks(history, found),
        _faults(history, found, windows),
        {format.name(node): _cells(cells) for node, cells in nodes[:NODES_MAX]},
        max(0, len(nodes) - NODES_MAX),
        _throughput(found),
        latency,
        step,
        _staleness(history, found, stale) if stale else None,
    )


def _time_ticks(history: History, found: Series) -> tuple[Tick, ...]:
    width = found.width_ns * found.buckets
    step = nice(width / 12)
    start = found.start_ns - origin(history)
    digits = max(0, 9 - len(str(step)) + 1)
    first = -(-start // step) * step
    return tuple(
        Tick(100 * (at - start) / width, f"{at / 1e9:.{digits}f} s") for at in range(first, start + width, step)
    )


def _faults(history: History, found: Series, windows: Sequence[Window]) -> dict[str, tuple[Band, ...]]:
    whole, zero = found.width_ns * found.buckets, origin(history)
    bands: dict[str, list[Band]] = {}
    for window in windows:
        left = 100 * (window.start_ns - found.start_ns) / whole
        width = 100 * (window.stop_ns - window.start_ns) / whole
        when = f"{format.seconds(window.start_ns - zero)} – {format.seconds(window.stop_ns - zero)}"
        title = f"{format.plain(window.fault)}, {when}: {format.bite(window.bite, window.told)}"
        bands.setdefault(format.name(window.fault), []).append(Band(left, width, title))
    return {name: tuple(several) for name, several in bands.items()}


def _cells(cells: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
    each = 100 / len(cells)
    merged: list[Cell] = []
    for number, (answered, asked) in enumerate(cells):
        if not asked:
            continue
        missed = math.ceil(10 * (asked - answered) / asked)
        last = merged[-1] if merged else None
        if last and last.missed == missed and abs(last.left + last.width - number * each) < each / 2:
            merged[-1] = Cell(last.left, last.width + each, missed)
        else:
            merged.append(Cell(number * each, each, missed))
    return tuple(merged)


def _throughput(found: Series) -> Plot:
    """Operations a second, by how they ended, stacked."""
    per_second = 1e9 / found.width_ns
    floor = [0.0] * found.buckets
    tops = [sum(counts) * per_second for counts in zip(*found.ended.values(), strict=True)]
    top = nice(max(tops))
    paths = {}
    for kind, counts in found.ended.items():
        roof = [low + count * per_second for low, count in zip(floor, counts, strict=True)]
        paths[kind] = _area(floor, roof, top) if any(counts) else ""
        floor = roof
    return Plot(paths, tuple(Tick(100 * part, f"{top * part:,g}") for part in (0.0, 0.5, 1.0)))


def _area(floor: Sequence[float], roof: Sequence[float], top: float) -> str:
    """The region between two staircases."""
    each = 1000 / len(roof)
    there = [
        f"{number * each:.1f},{100 - 100 * height / top:.1f}H{(number + 1) * each:.1f}"
        for number, height in enumerate(roof)
    ]
    back = [
        f"{(number + 1) * each:.1f},{100 - 100 * height / top:.1f}H{number * each:.1f}"
        for number, height in reversed(list(enumerate(floor)))
    ]
    return f"M{'L'.join(there)}L{'L'.join(back)}Z"


def _latency(history: History, found: Series) -> tuple[Plot | None, int]:
    """Dots of single operations on a logarithmic axis, lines of quantiles; and one in how many is a dot.

    Failures at once (a refused connection) lie on the floor: the axis is for those that took their time.
    """
    operations, time = history.operations(), history.time
    step = -(-len(operations) // DOTS_MAX)
    dots: list[tuple[int, int, float]] = []
    for row in range(0, len(operations), step or 1):
        complete = operations.complete[row]
        if complete != ABSENT:
            start = time[operations.invoke[row]]
            dots.append((operations.ended[row], start, max((time[complete] - start) / 1e6, 0.001)))
    lines = [value for value in (*found.p50_ms, *found.p99_ms) if value is not None]
    if not dots or not lines:
        return None, step
    values = [max(value, 0.001) for value in (*lines, *(value for how, _, value in dots if how != EventType.FAIL))]
    low = math.floor(math.log10(min(values)))
    high = max(math.log10(max(values)) + 0.1, low + 1.0)

    def y(value: float) -> float:
        return min(100.0, 100 - 100 * (math.log10(max(value, 0.001)) - low) / (high - low))

    whole = found.width_ns * found.buckets
    paths = {
        kind.word: "".join(
            f"M{1000 * (start - found.start_ns) / whole:.1f},{y(value):.1f}h0"
            for how, start, value in dots
            if how == kind
        )
        for kind in (EventType.FAIL, EventType.OK, EventType.INFO)
    }
    for name, quantiles in (("p50", found.p50_ms), ("p99", found.p99_ms)):
        paths[name] = _line([None if value is None else y(value) for value in quantiles])
    return Plot(paths, _powers(low, high)), step


def _staleness(history: History, found: Series, stale: Sequence[tuple[int, float]]) -> Plot:
    """A dot for each stale read on a logarithmic axis: when it began, and by how much it was stale."""
    values = [max(value, 0.1) for _, value in stale]
    low = math.floor(math.log10(min(values)))
    high = max(math.log10(max(values)) + 0.1, low + 1.0)
    whole = found.width_ns * found.buckets
    dots = "".join(
        f"M{1000 * (history.time[index] - found.start_ns) / whole:.1f},"
        f"{100 - 100 * (math.log10(value) - low) / (high - low):.1f}h0"
        for (index, _), value in zip(stale, values, strict=True)
    )
    return Plot({"info": dots}, _powers(low, high))


def _powers(low: int, high: float) -> tuple[Tick, ...]:
    """The powers of ten of a logarithmic axis, in milliseconds."""
    return tuple(
        Tick(100 * (power - low) / (high - low), f"{10.0**power:,g} ms") for power in range(low, math.floor(high) + 1)
    )


def _line(heights: Sequence[float | None]) -> str:
    """A line through the middle of each bucket, broken where there is nothing."""
    each = 1000 / len(heights)
    pieces = []
    for number, height in enumerate(heights):
        if height is not None:
            begun = number > 0 and heights[number - 1] is not None
            pieces.append(f"{'L' if begun else 'M'}{(number + 0.5) * each:.1f},{height:.1f}{'' if begun else 'h0'}")
    return "".join(pieces)
