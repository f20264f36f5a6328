"""Event queue of a simulation: one heap of (time, sequence, call, arguments) in integer nanoseconds of virtual time.

Everything that happens in a simulation is an entry here: messages, timers and syncs of nodes, and the callbacks of the
asyncio loop. Two entries of the same instant run in the order in which they were made.

Pitfall: an entry cannot be taken back. Whoever may change his mind compares a ticket when the entry runs.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

Call = Callable[..., object]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


def nanoseconds(milliseconds: float) -> int:
    """Milliseconds as whole nanoseconds."""
    return round(milliseconds * MILLISECOND)


class Timeline(Protocol):
    """Time, and calls that are planned in it."""

    @property
    def now(self) -> int:
        """Nanoseconds since the start of the run."""

    def at(self, time: int, call: Call, args: tuple[Any, ...] = ()) -> None:
        """Plan `call(*args)` for an instant that is not in the past; those of one instant run in the order given."""


class EventQueue:
    """Virtual time, and what is planned in it."""

    __slots__ = ("_heap", "now", "place", "stopped")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Call, tuple[Any, ...]]] = []
        self.place = count().__next__
        """Function that takes the next place among the entries of one instant, for `at_place`."""
        self.now = 0
        """Nanoseconds since the start of the run."""
        self.stopped = False
        """Set from within an entry: `run` returns after it."""

    def at(self, time: int, call: Call, args: tuple[Any, ...] = ()) -> None:
        """Plan `call(*args)` for an instant that is not in the past. Safe in a signal handler: both steps are atomic
        there."""
        heappush(self._heap, (time, self.place(), call, args))

    def at_place(self, time: int, place: int, call: Call, args: tuple[Any, ...] = ()) -> None:
        """Schedule a call as `at` does, in a place that was taken before."""
        heappush(self._heap, (time, place, call, args))

    def run(self, limit: int) -> bool:
        """Run entries in order until `stopped`, or so many have run, or none is left. Whether any is left."""
        heap = self._heap
        pop = heappop
        for _ in range(limit):
            if not heap:
                return False
            self.now, _, call, args = pop(heap)
            call(*args)
            if self.stopped:
                break
        return bool(heap)
