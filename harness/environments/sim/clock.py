"""Clocks of a simulated node, which an injection may make wrong: a wall clock and a monotonic one.

The wall clock is the true time plus what each skew in force adds: its offset, and its rate's excess since it began;
when a skew ends its part is gone, and with none left the wall clock is true. The monotonic clock is not comparable
between nodes, never steps, and runs at the product of the rates in force.

Pitfall: when a skew ends, the monotonic clock keeps what it gained or lost; only its rate is true again.
"""

import math
from dataclasses import dataclass

from splitbrain.harness.environments.sim.scheduler import MILLISECOND, SECOND, EventQueue
from splitbrain.harness.program import Now

TRUE = SECOND
"""The true rate of a monotonic clock."""


@dataclass(slots=True, eq=False)
class Skew:
    """A deviation in force. offset: nanoseconds. rate, monotonic_rate: 1.0 is true. strobe: the offset comes and goes,
    each for so many nanoseconds; 0: it stays. since: true time of its start. seen: the largest deviation, in
    nanoseconds, with which a handler was called. reads: how often the wall clock was looked at."""

    offset: int
    rate: float
    monotonic_rate: float = 1.0
    strobe: int = 0
    since: int = 0
    seen: int = 0
    reads: int = 0

    def wall(self, now: int) -> int:
        """The addition to the wall clock, in nanoseconds."""
        absent = self.strobe and (now - self.since) // self.strobe % 2
        return (0 if absent else self.offset) + round((self.rate - 1.0) * (now - self.since))

    def monotonic(self, now: int) -> int:
        """The addition that it alone would have made to the monotonic clock, in nanoseconds."""
        return round((self.monotonic_rate - 1.0) * (now - self.since))

    @property
    def seen_ms(self) -> float:
        """The largest deviation seen, in milliseconds."""
        return self.seen / MILLISECOND


class SkewedNow(Now, frozen=True, gc=False):
    """The time of a clock under skews, which count when its wall clock is looked at."""

    skews: tuple[Skew, ...]

    @property  # type: ignore[misc]
    def wall(self) -> int:
        """The reading of the wall clock."""
        for skew in self.skews:
            skew.reads += 1
        shown: int = Now.wall.__get__(self)  # type: ignore[attr-defined]
        return shown


class SimClock:
    """The clocks of one node."""

    def __init__(self, kernel: EventQueue, monotonic_start: int, wall_start: int) -> None:
        self._kernel = kernel
        self._wall_start = wall_start
        self._rate = TRUE
        """Nanoseconds of the monotonic clock in a true second: whole numbers leave no doubt about when a timer is
        due."""
        self._anchor = kernel.now
        """True time of the last change of rate; `_value` is what the monotonic clock showed then."""
        self._value = monotonic_start
        self._gap = monotonic_start - kernel.now
        """Monotonic minus true time, while the rate is true."""
        self._skews: list[Skew] = []

    def read(self) -> Now:
        """The time as a handler gets it. Reading is what makes a deviation seen."""
        now = self._kernel.now
        if not self._skews:
            return Now(now + self._gap, now + self._wall_start)
        wall = now + self._wall_start
        for skew in self._skews:
            part = skew.wall(now)
            wall += part
            skew.seen = max(skew.seen, abs(part), abs(skew.monotonic(now)))
        return SkewedNow(self.monotonic(), wall, tuple(self._skews))

    def monotonic(self) -> int:
        """The reading of the monotonic clock, in nanoseconds."""
        if self._rate == TRUE:
            return self._kernel.now + self._gap
        return self._value + (self._kernel.now - self._anchor) * self._rate // TRUE

    def when(self, monotonic: int) -> int:
        """The true time, now or later, at which the monotonic clock will show this if its rate stays."""
        if self._rate == TRUE:
            due = monotonic - self._gap
            return due if due > self._kernel.now else self._kernel.now
        return max(self._kernel.now, self._anchor - (self._value - monotonic) * TRUE // self._rate)

    def add(self, skew: Skew) -> None:
        """Begin a skew. Timers that run on this clock have to be planned anew."""
        skew.since = self._kernel.now
        self._skews.append(skew)
        self._change_rate()

    def remove(self, skew: Skew) -> None:
        """End a skew, and change nothing else. Timers that run on this clock have to be planned anew."""
        self._skews.remove(skew)
        self._change_rate()

    def _change_rate(self) -> None:
        self._value = self.monotonic()
        self._anchor = self._kernel.now
        self._gap = self._value - self._anchor
        self._rate = max(1, round(math.prod(skew.monotonic_rate for skew in self._skews) * TRUE))
