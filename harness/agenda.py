"""Agenda: what comes when, filled while somebody waits for the next entry."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

from splitbrain.harness.generator.core import SECOND

T = TypeVar("T")

SHORTEST_WAIT_SECONDS = 1e-6


class Agenda(Generic[T]):
    """Agenda of faults: entries by time, then by the number of their slot, then in the order in which they were
    made."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._heap: list[tuple[int, int, int, T]] = []
        self._made = itertools.count()
        self._woken: asyncio.Future[None] | None = None
        self.expected = 0
        """Entries that may still be made from outside."""

    def add(self, due: int, number: int, item: T) -> None:
        """Plan an entry; the task that waits for the next one learns of it."""
        heapq.heappush(self._heap, (due, number, next(self._made), item))
        _resolve(self._woken)

    async def next(self) -> tuple[int, T] | None:
        """The number and the entry that is due next, once it is; None when there is none."""
        while self._heap or self.expected:
            wait = (self._heap[0][0] - self._now()) / SECOND if self._heap else None
            if wait is not None and wait < SHORTEST_WAIT_SECONDS:
                await asyncio.sleep(0)
                _, number, _, item = heapq.heappop(self._heap)
                return number, item
            loop = asyncio.get_running_loop()
            woken = self._woken = loop.create_future()
            timer = None if wait is None else loop.call_later(wait, _resolve, woken)
            try:
                await woken
            finally:
                self._woken = None
                if timer is not None:
                    timer.cancel()
        return None


def _resolve(woken: "asyncio.Future[None] | None") -> None:
    if woken is not None and not woken.done():
        woken.set_result(None)
