"""Failure detectors that hear heartbeats: fixed timeouts and phi, how soon they notice a crash, and how often in vain.

Heartbeats leave every 100 ms; one in fifty is on its way up to half a second longer. Phi is the logarithm of the chance
of a silence as long as this one, if gaps between heartbeats are normally distributed (Hayashibara et al., SRDS 2004).
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import NormalDist

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimSample, found_if

EVERY_MS, DELAY_MS = 100.0, 2.0
LATE, LATE_MS = 0.02, 500.0
BEATS, CRASHES = 36_000, 200
REMEMBERED = 200
TIMEOUTS = (120, 150, 200, 250, 300, 400, 700)
THRESHOLDS = (1, 2, 4, 8, 16)
TIMEOUTS_MS = {f"a timeout of {timeout} ms": timeout for timeout in TIMEOUTS}
PHIS = {f"phi of {threshold}": threshold for threshold in THRESHOLDS}


def alarms_named(detector: str) -> str:
    """The name of a figure."""
    return f"false alarms an hour, {detector}"


def detection_named(detector: str) -> str:
    """The name of a figure."""
    return f"ms until a crash is noticed, {detector}"


def heard(beats: int, stream: RandomStream) -> Sequence[float]:
    """The times at which heartbeats are heard, in order, in milliseconds."""
    return sorted(
        number * EVERY_MS + stream.exponential(DELAY_MS) + (stream.between(0, LATE_MS) if stream.chance(LATE) else 0.0)
        for number in range(beats)
    )


def silences(times: Sequence[float], patience: Callable[[Sequence[float]], float]) -> tuple[int, list[float]]:
    """False alarms, and how long after a heartbeat an alarm comes at some of them. patience: the silence that it takes,
    of the last gaps."""
    gaps: deque[float] = deque(maxlen=REMEMBERED)
    alarms, waits = 0, []
    every = len(times) // CRASHES
    limit = math.inf
    for number in range(1, len(times)):
        gap = times[number] - times[number - 1]
        alarms += gap > limit
        gaps.append(gap)
        if number % 20 == 0 and number >= REMEMBERED:
            limit = patience(gaps)
        if number % every == 0 and limit < math.inf:
            waits.append(limit)
    return alarms, waits


def fixed_patience(limit: float) -> Callable[[Sequence[float]], float]:
    """The same silence each time."""
    return lambda gaps: limit


def patience_of_phi(threshold: float) -> Callable[[Sequence[float]], float]:
    """The silence at which phi is that high."""
    quantile = -NormalDist().inv_cdf(10.0**-threshold)

    def patience(gaps: Sequence[float]) -> float:
        mean = sum(gaps) / len(gaps)
        return mean + quantile * math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))

    return patience


def detectors(seed: int) -> ClaimSample:
    """False alarms in an hour, and how soon a crash is noticed, by fixed timeouts and by phi."""
    amounts, alarms = {}, {}
    ways = {name: fixed_patience(limit) for name, limit in TIMEOUTS_MS.items()}
    ways |= {name: patience_of_phi(threshold) for name, threshold in PHIS.items()}
    times = heard(BEATS, RandomStream(seed, "textbook", "heartbeats"))
    # A crash comes at any time between two heartbeats, so half a gap of a silence has gone by in the mean.
    for name, patience in ways.items():
        alarms[name], waits = silences(times, patience)
        amounts[alarms_named(name)] = [float(alarms[name])]
        amounts[detection_named(name)] = [wait - EVERY_MS / 2 for wait in waits]
    falling = all(
        alarms[one] > alarms[other]
        for names in (list(TIMEOUTS_MS), list(PHIS)) for one, other in pairwise(names)
        if alarms[one]
    )  # fmt: skip
    quick, right = alarms["a timeout of 120 ms"], alarms["a timeout of 700 ms"]
    return ClaimSample(found_if(confirmed=falling and quick > 100 and right == 0, refuted=quick == 0), amounts=amounts)


MEASUREMENTS = {"agreement-detectors": detectors}
