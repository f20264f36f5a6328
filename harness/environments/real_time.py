"""Real time: a run on an event loop of the operating system, counted from its start."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from splitbrain.harness.signals import interruptible

T = TypeVar("T")


class RealTime:
    """Common part of environments that simulate nothing; see `harness.environment.Environment`."""

    deterministic = False

    def __init__(self) -> None:
        self._start = time.monotonic_ns()

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a run, whose time begins now. A signal that asks to end is a cancellation."""
        self._start = time.monotonic_ns()
        with interruptible():
            return asyncio.run(main())

    def now(self) -> int:
        """Nanoseconds since the run began."""
        return time.monotonic_ns() - self._start
