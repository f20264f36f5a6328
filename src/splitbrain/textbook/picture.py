"""Pictures of claims: curves through measured figures, with their intervals, as SVG without a library.

A picture is drawn from the figures of a measured claim and from nothing else.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from splitbrain.textbook.measure import MeasuredClaim, MeasuredFigure

COLOURS = ("#1b7837", "#2166ac", "#b35806", "#762a83", "#c51b7d")
LEFT, TOP, WIDTH, HEIGHT, LEGEND = 70, 44, 520, 320, 230
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Picture:
    """A picture of a claim. curves: name → its points: x, as a number or the name of the figure that has it, and the
    name of the figure of y. ticks: of the axes; they are their bounds too. log_x, log_y: whether an axis is
    logarithmic."""

    title: str
    x: str
    y: str
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    curves: Mapping[str, Sequence[tuple[float | str, str]]]
    log_x: bool = False
    log_y: bool = False

    def svg(self, measured: MeasuredClaim) -> str:
        """The picture of a measured claim."""
        figures = measured.figures
        across = _scale(self.x_ticks, self.log_x, LEFT, LEFT + WIDTH)
        up = _scale(self.y_ticks, self.log_y, TOP + HEIGHT, TOP)
        bottom = TOP + HEIGHT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + LEGEND} {bottom + 56}" '
            f'font-family="sans-serif" role="img" aria-label="{escape(self.title)}">',
            '<rect width="100%" height="100%" fill="white"/>',
            _text(LEFT, 24, self.title, size=15),
        ]
        for tick in self.x_ticks:
            parts += [
                _line(across(tick), TOP, across(tick), bottom),
                _text(across(tick), bottom + 18, _told(tick), "middle"),
            ]
        for tick in self.y_ticks:
            parts += [_line(LEFT, up(tick), LEFT + WIDTH, up(tick)), _text(LEFT - 8, up(tick) + 4, _told(tick), "end")]
        parts.append(_text(LEFT + WIDTH / 2, bottom + 42, self.x, "middle"))
        parts.append(_text(LEFT, TOP - 6, self.y))
        for number, (name, points) in enumerate(self.curves.items()):
            there = [(figures[x].value if isinstance(x, str) else x, figures[y]) for x, y in points]
            parts += _curve(name, COLOURS[number], [(across(x), y) for x, y in there], up, TOP + 14 + 20 * number)
        return "\n".join([*parts, "</svg>\n"])


def _scale(ticks: Sequence[float], logarithmic: bool, start: float, stop: float) -> Callable[[float], float]:
    def at(value: float) -> float:
        kept = min(max(value, low), high)
        share = math.log(kept / low) / math.log(high / low) if logarithmic else (kept - low) / (high - low)
        return start + share * (stop - start)

    low, high = min(ticks), max(ticks)
    return at


def _curve(
    name: str, colour: str, points: Sequence[tuple[float, MeasuredFigure]], up: Callable[[float], float], legend: float
) -> list[str]:
    style = f'stroke="{colour}" stroke-width="2" fill="none"'
    path = " ".join(f"{x:.1f},{up(y.value):.1f}" for x, y in points)
    begin = LEFT + WIDTH + 14
    parts = [f'<polyline points="{path}" {style}/>']
    for x, y in points:
        parts.append(f'<line x1="{x:.1f}" y1="{up(y.low):.1f}" x2="{x:.1f}" y2="{up(y.high):.1f}" {style}/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{up(y.value):.1f}" r="3" fill="{colour}"/>')
    sample = f'<polyline points="{begin},{legend - 4} {begin + 24},{legend - 4}" {style}/>'
    return [*parts, sample, _text(begin + 30, legend, name)]


def _told(number: float) -> str:
    return f"{number:,g}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#333">{escape(words)}</text>'
