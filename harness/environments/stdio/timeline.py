"""RealTimeline: calls planned in real time, in the order of their instants and of their making."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from splitbrain.harness.environments.sim.scheduler import SECOND, Call


class RealTimeline:
    """A `Timeline` on the running event loop. now: nanoseconds since the start of the run.

    Pitfall: the loop's own timers keep no order among equal instants, so there is one heap here and one timer.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._heap: list[tuple[int, int, Call, tuple[Any, ...]]] = []
        self._place = count().__next__
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> int:
        """Nanoseconds since the start of the run."""
        return self._now()

    def at(self, time: int, call: Call, args: tuple[Any, ...] = ()) -> None:
        """Plan a call; see `Timeline`."""
        first = not self._heap or time < self._heap[0][0]
        heappush(self._heap, (time, self._place(), call, args))
        if first:
            self._set_timer()

    def close(self) -> None:
        """Forget what is planned."""
        self._heap.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            seconds = max(0, self._heap[0][0] - self._now()) / SECOND
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        try:
            while self._heap and self._heap[0][0] <= self._now():
                _, _, call, args = heappop(self._heap)
                call(*args)
        finally:
            self._set_timer()
