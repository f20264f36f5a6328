"""Times at which the nemesis was at work, as its events in a history tell them.

`start-X` and `stop-X` begin and end a fault X, as Jepsen's `start` and `stop` do; a fault that starts again before it
stopped is one, for tools that write both the call and its end. Any other event of the nemesis is a fault of that
moment.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, History


@dataclass(frozen=True)
class FaultTimes:
    """starts: positions at which faults began, in order. stops: for each the last position at which one of the faults
    up to it stopped, NEVER if one is in force still."""

    starts: list[int]
    stops: list[int]

    @staticmethod
    def of(history: History) -> "FaultTimes":
        """The faults of a history."""
        spans: list[list[int]] = []
        on: dict[str, list[int]] = {}
        for position in _positions(history):
            word, _, name = str(history.pool.values[history.f[position]]).partition("-")
            if word == "stop" and name in on:
                on.pop(name)[1] = position
            elif word != "start":
                spans.append([position, position])
            elif name not in on:
                on[name] = [position, NEVER]
                spans.append(on[name])
        return FaultTimes([start for start, _ in spans], list(accumulate((stop for _, stop in spans), max)))

    def over(self, position: int) -> int:
        """The position at which the last fault that began before a position was over; ABSENT if there was none, NEVER
        if it never was."""
        begun = bisect_left(self.starts, position)
        return self.stops[begun - 1] if begun else ABSENT


def _positions(history: History) -> Iterator[int]:
    """The positions of the nemesis's events."""
    at = -1
    for _ in range(history.process.count(NEMESIS_PROCESS)):
        at = history.process.index(NEMESIS_PROCESS, at + 1)
        yield at
