"""Deadline: a timeout that is set for every operation of a task and seldom reached.

Like `asyncio.timeout`, but with one timer a task instead of one an operation: when it fires, it looks whether the
deadline has moved on.

Pitfall: the task is ended by a cancellation, to be distinguished from one from outside (Ctrl-C): ask
`expired`, and re-raise the other.
"""

import asyncio
from typing import Any

GRAIN_SECONDS = 1e-6
"""A timer that fires this much early counts as on time."""


class Deadline:
    """The deadline of what the task that made it awaits between `start` and `stop`."""

    __slots__ = ("_at", "_cancellations", "_expired", "_loop", "_task", "_timer")

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline must be made by the task that it is for")
        self._task: asyncio.Task[Any] = task
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._at: float | None = None
        self._expired = False
        self._cancellations = 0

    def start(self, seconds: float) -> None:
        """Cancel the task after this many seconds."""
        self._expired = False
        self._cancellations = self._task.cancelling()
        self._at = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._at, self._fire)

    def stop(self) -> None:
        """End the deadline: what was awaited is over."""
        self._at = None
        if self._expired:  # the cancellation was swallowed
            self._expired = False
            self._task.uncancel()

    def expired(self) -> bool:
        """Whether the CancelledError just caught was the deadline's alone. Ask exactly once for each."""
        if not self._expired:
            return False
        self._expired = False
        return self._task.uncancel() <= self._cancellations

    def close(self) -> None:
        """Cancel the timer."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._at - self._loop.time() > GRAIN_SECONDS:
            self._timer = self._loop.call_at(self._at, self._fire)
            return
        self._at = None
        self._expired = True
        self._task.cancel()
