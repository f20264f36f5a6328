"""Detectors of failures: when a silence is too long.

Pitfall: a silence that ended a suspicion is no pause between two heartbeats. Counted as one, it would make the next
suspicion of that node come late.
"""

import math
from collections import deque
from typing import Protocol

WINDOW = 100
"""Pauses that are remembered of each node."""
LEAST_DEVIATION = 0.25
"""The smallest standard deviation of pauses that is believed, as a part of their mean."""


class Detector(Protocol):
    """The detector for one node. Times are nanoseconds."""

    def heard(self, pause: int) -> None:
        """Learn from a heartbeat, which came so long after the one before."""

    def suspects(self, silence: int) -> bool:
        """Whether so long a silence is too long."""


class TimeoutDetector:
    """A fixed time."""

    def __init__(self, timeout: int) -> None:
        self._timeout = timeout

    def heard(self, pause: int) -> None:
        """Learn nothing from it."""

    def suspects(self, silence: int) -> bool:
        """Whether so long a silence is too long."""
        return silence >= self._timeout


class PhiDetector:
    """The φ accrual detector: pauses are taken for normally distributed. expected: their mean before any was seen.

    Pitfall: that must not be too short. Longer pauses would be taken for outages, and never be learned.
    """

    def __init__(self, threshold: float, expected: int) -> None:
        self._threshold = threshold
        apart = round(LEAST_DEVIATION * expected)
        self._pauses: deque[int] = deque([expected - apart, expected + apart], WINDOW)

    def heard(self, pause: int) -> None:
        """Remember the pause, unless it ends a suspicion."""
        if not self.suspects(pause):
            self._pauses.append(pause)

    def suspects(self, silence: int) -> bool:
        """Whether φ of so long a silence has reached the threshold."""
        return self.phi(silence) >= self._threshold

    def phi(self, silence: int) -> float:
        """Minus the decimal logarithm of the probability that a heartbeat comes after so long a silence."""
        mean = sum(self._pauses) / len(self._pauses)
        variance = sum((pause - mean) ** 2 for pause in self._pauses) / len(self._pauses)
        deviation = max(math.sqrt(variance), LEAST_DEVIATION * mean)
        later = math.erfc((silence - mean) / deviation / math.sqrt(2)) / 2
        return -math.log10(later) if later > 0 else math.inf
