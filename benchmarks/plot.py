"""Plot of time against length and concurrency. A picture, drawn without any library.

Each point is the median of a few checks of a random cas-register, valid; Porcupine's line ends where it ran out of its
time or memory. Both axes are logarithmic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from measuring import Measurement
from rows import common, registers

from splitbrain.checkers.porcupine import MODELS

LENGTHS = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
CONCURRENCIES = (5, 10, 20, 30)
COLOURS = ("#1b7837", "#2166ac", "#b35806", "#762a83")
LEFT, TOP, WIDTH, HEIGHT, LEGEND = 70, 40, 560, 380, 190
PEER_LENGTH_MAX = 100_000
"""Length beyond which the peer needs tens of gigabytes."""


@dataclass(frozen=True)
class Curve:
    """Points (operations, seconds) of one side at one concurrency."""

    name: str
    colour: str
    dashed: bool
    points: Sequence[tuple[float, float]]


def draw(bench: Measurement, path: Path) -> None:
    """Measure and draw."""
    curves = []
    for concurrency, colour in zip(CONCURRENCIES, COLOURS, strict=True):
        ours, theirs = measured(bench, concurrency)
        curves.append(Curve(f"splitbrain, c {concurrency}", colour, False, ours))
        if theirs:
            curves.append(Curve(f"Porcupine, c {concurrency}", colour, True, theirs))
    path.write_text(svg(curves, "Checking a random cas-register (valid), seconds against operations"))


def measured(bench: Measurement, concurrency: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """The points of both sides, each until it did not finish."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    model = MODELS["cas-register"].make()
    peers = bench.peers
    for length in LENGTHS[:3] if bench.quick else LENGTHS:
        history = registers.made(length, concurrency, "cas-register", invalid=False)
        if history is None:
            continue
        if length > PEER_LENGTH_MAX or (peers and len(theirs) < len(ours)):
            peers = None
        run = common.check(model, history, bench.seconds_max)
        alone = Measurement(peers, bench.rounds, bench.seconds_max, bench.quick, bench.folder)
        line = alone.against(f"{length:,}, c {concurrency}", "register", history, run)
        if line.seconds is not None:
            ours.append((length, line.seconds))
        if line.peer_seconds is not None:
            theirs.append((length, line.peer_seconds))
        print(line.work, line.seconds, line.peer_seconds, flush=True)
        if line.seconds is None and line.peer_seconds is None:
            break
    return ours, theirs


def svg(curves: Sequence[Curve], title: str) -> str:
    """The picture: axes by powers of ten, a line a curve, a legend."""
    points = [point for curve in curves for point in curve.points]
    x_low, x_high = decades([x for x, _ in points])
    y_low, y_high = decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_low) / (x_high - x_low)
        up = (math.log10(y) - y_low) / (y_high - y_low)
        return LEFT + across * WIDTH, TOP + (1 - up) * HEIGHT

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + LEGEND} {TOP + HEIGHT + 50}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(LEFT, 22, title, size=14),
    ]
    for power in range(x_low, x_high + 1):
        x, bottom = place(10.0**power, 10.0**y_low)
        parts += [line(x, TOP, x, bottom), text(x, bottom + 18, tick(power), anchor="middle")]
    for power in range(y_low, y_high + 1):
        left, y = place(10.0**x_low, 10.0**power)
        parts += [line(left, y, LEFT + WIDTH, y), text(left - 8, y + 4, f"{tick(power)} s", anchor="end")]
    parts.append(text(LEFT + WIDTH / 2, TOP + HEIGHT + 40, "operations", anchor="middle"))
    for number, curve in enumerate(curves):
        parts += drawn(curve, [place(*point) for point in curve.points], TOP + 14 + 20 * number)
    return "\n".join([*parts, "</svg>\n"])


def drawn(curve: Curve, places: Sequence[tuple[float, float]], legend: float) -> list[str]:
    """One curve with its points and its name."""
    dash = ' stroke-dasharray="5 4"' if curve.dashed else ""
    style = f'stroke="{curve.colour}" stroke-width="2" fill="none"{dash}'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{curve.colour}"/>' for x, y in places]
    begin = LEFT + WIDTH + 14
    sample = f'<polyline points="{begin},{legend - 4} {begin + 26},{legend - 4}" {style}/>'
    return [f'<polyline points="{path}" {style}/>', *dots, sample, text(begin + 34, legend, curve.name)]


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some values."""
    low, high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def tick(power: int) -> str:
    """A power of ten, in words that are read at once."""
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line of the grid."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#333">{escape(words)}</text>'
