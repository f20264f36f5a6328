"""When has a task waited long enough? A deadline that is set for every operation and almost never comes.

`asyncio.timeout` does the same, but makes and cancels a timer each time; here one timer a task is enough, which looks
when it rings whether the deadline has moved on meanwhile. The trap: the task is ended by a cancellation, which must be
told from one that came from outside (Ctrl-C): ask `expired`, and let the other pass.
"""

import asyncio
from typing import Any

GRAIN_SECONDS = 1e-6
"""A timer that rings so much early has rung."""


class Deadline:
    """The deadline of whatever the task that made it awaits between `start` and `stop`."""

    __slots__ = ("_at", "_cancellations", "_expired", "_loop", "_task", "_timer")

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is made by the task that it is for")
        self._task: asyncio.Task[Any] = task
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._at: float | None = None
        self._expired = False
        self._cancellations = 0

    def start(self, seconds: float) -> None:
        """From now on, the task is cancelled in so many seconds."""
        self._expired = False
        self._cancellations = self._task.cancelling()
        self._at = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._at, self._ring)

    def stop(self) -> None:
        """What was awaited is over."""
        self._at = None
        if self._expired:  # and was answered with something else than a CancelledError
            self._expired = False
            self._task.uncancel()

    def expired(self) -> bool:
        """Whether a CancelledError just caught was the deadline's and nobody else's. Ask exactly once for each."""
        if not self._expired:
            return False
        self._expired = False
        return self._task.uncancel() <= self._cancellations

    def close(self) -> None:
        """No timer is left behind."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._at - self._loop.time() > GRAIN_SECONDS:
            self._timer = self._loop.call_at(self._at, self._ring)
            return
        self._at = None
        self._expired = True
        self._task.cancel()
