"""Dispatcher: hands operations from a phase's generator to worker threads.

It wakes waiting workers when an operation completes, and when the generator changed because another thread asked.
"""

import asyncio
from collections.abc import Callable

from splitbrain.harness.generator.core import SECOND, Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.generator.pace import Rate

SHORTEST_WAIT_SECONDS = 1e-6
"""The least wait, so that a generator that waits for a past moment does not stop virtual time."""


class Dispatcher:
    """The generator of one phase and the workers that wait for it. Once its time is over, every worker is done."""

    def __init__(self, generator: Generator, seed: int, threads: range, now: Callable[[], int], seconds: float) -> None:
        self._generator = generator
        self._seed, self._threads, self._now = seed, threads, now
        self._ends = now() + int(seconds * SECOND)
        self._busy = 0
        self._alert: dict[int, asyncio.Future[None]] = {}

    def late(self, thread: int) -> int:
        """The nanoseconds by which an operation that this thread were given now would be later than it was due; 0 where
        nothing sets the pace."""
        paced = self._generator
        return paced.late(thread, self._now()) if type(paced) is Rate else 0

    def ask(self, thread: int, ordinal: int, process: int) -> Answer:
        """The answer of the generator to an idle thread."""
        now = self._now()
        if now >= self._ends:
            return Done()
        answer, after = self._generator.next(
            Context(self._seed, thread, ordinal, now, process, self._busy, self._threads)
        )
        if after is not self._generator:
            self._generator = after
            self._wake()
        if type(answer) is not Wait and type(answer) is not Done:
            self._busy += 1
        return answer

    def ended(self, completion: Completion) -> None:
        """Take note of an operation that ended."""
        self._busy -= 1
        self._generator = self._generator.update(completion)
        self._wake()

    def close(self) -> None:
        """Answer every thread with `Done` from now on."""
        self._ends = 0

    async def wait(self, thread: int, wait: Wait) -> None:
        """Return when the thread is to ask again, at the latest when the phase is over."""
        wait = wait.by(self._ends)
        until = self._ends if wait.until is None else wait.until
        seconds = max((until - self._now()) / SECOND, SHORTEST_WAIT_SECONDS)
        if not wait.early:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        woken = self._alert[thread] = loop.create_future()
        timer = loop.call_later(seconds, _resolve, woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._alert.pop(thread, None)

    def _wake(self) -> None:
        if self._alert:
            waiting, self._alert = self._alert, {}
            for thread in sorted(waiting):
                _resolve(waiting[thread])


def _resolve(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
