"""Intervals: how far a share that was counted may be from the true one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """A share `part / whole` with its 95 % interval from `low` to `high`; from 0 to 1 where nothing was counted."""

    part: int
    whole: int
    low: float
    high: float

    def shown(self) -> str:
        """The interval in words: `3 of 10 (11 % to 60 %)`."""
        return f"{self.part} of {self.whole} ({_percent(self.low)} to {_percent(self.high)})"

    def above(self) -> str:
        """The upper bound of the true share in words, for a count that may be small."""
        return f"the true share is below {_percent(self.high)} (95 %)"


def wilson(part: int, whole: int, level: float = 0.95) -> Interval:
    """Wilson's score interval, which stays within 0 and 1 and is of use for few and for rare events too."""
    if whole == 0:
        return Interval(part, whole, 0.0, 1.0)
    low, high = score_bounds(part / whole, whole, level)
    return Interval(part, whole, low, high)


def score_bounds(share: float, observations: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's bounds of a share of so many independent observations, which need not be a whole number above 0."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    room = z * z / observations
    middle = (share + room / 2) / (1 + room)
    half = z / (1 + room) * math.sqrt(share * (1 - share) / observations + room / (4 * observations))
    return (0.0 if share == 0 else max(0.0, middle - half)), (1.0 if share == 1 else min(1.0, middle + half))


def clustered(clusters: Sequence[tuple[int, int]], level: float = 0.95) -> Interval:
    """The share over clusters of (part, whole) with Wilson's interval for as many independent observations as the
    spread between clusters makes them worth: Korn and Graubard, Survey Methodology 24 (1998), with Wilson's interval as
    Dean and Pagano, J. Survey Statistics and Methodology 3 (2015), advise.

    Where all clusters agree, nothing is known of their spread, and each counts as one observation."""
    counted = [(part, whole) for part, whole in clusters if whole]
    part, whole, number = sum(p for p, _ in counted), sum(w for _, w in counted), len(counted)
    if not number:
        return Interval(0, 0, 0.0, 1.0)
    share = part / whole
    scatter = sum((p - share * w) ** 2 for p, w in counted)
    if number < 2 or scatter == 0:
        worth = float(number)
    else:
        variance = number / (number - 1) * scatter / whole**2
        worth = min(float(whole), share * (1 - share) / variance * _freedom(whole, number, level))
    return Interval(part, whole, *score_bounds(share, worth, level))


def _freedom(whole: int, clusters: int, level: float) -> float:
    """The factor by which observations of few clusters are worth less, for their spread is only estimated."""
    from scipy.stats import t

    upper = 0.5 + level / 2
    return float((t.ppf(upper, max(1, whole - 1)) / t.ppf(upper, clusters - 1)) ** 2)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
