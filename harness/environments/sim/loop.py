"""Asyncio event loop under virtual time: its clock is the event queue's, and its callbacks are entries there.
`sleep(1000)` returns at once, and the order of everything is fixed.

The semantics are asyncio's, with three additions. When nothing is left that could ever happen and the coroutine being
run is not finished, it would wait for ever: `InfrastructureError`, naming the tasks that wait. The same when virtual
time stands still for half a million callbacks, or when for ten virtual minutes only nodes were busy and no coroutine
had anything planned. Nodes that keep each other busier than any client asks are told of (`watch_nodes`). And threads do
not exist: `to_thread` and executors raise.

Pitfall: a loop that polls with `sleep(0)` until a time has come never ends, for in virtual time only sleeping passes
time.

Prior art: trio's `MockClock(autojump_threshold=0)`.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from pathlib import PurePath
from typing import Any, TypeVar, TypeVarTuple, Unpack

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.errors import InfrastructureError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CHUNK = 10_000
"""Entries run between two looks at whether time still moves."""
STILL_CHUNKS_MAX = 50
STALLED_NS_MAX = 600 * SECOND
EVENTS_A_CALLBACK = 100
"""Events of nodes for each callback of a coroutine: a replicated operation takes under 40, and several callbacks."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio event loop on a kernel. Use with `asyncio.Runner(loop_factory=…)`, once."""

    def __init__(self, kernel: EventQueue) -> None:
        super().__init__()
        self._kernel = kernel
        self._planned = 0
        self._last_planned = 0
        self._still_chunks = 0
        self._events_max = 0
        self._flooded: Callable[[int], object] | None = None
        self._second = 0
        """The beginning of the virtual second in which events are counted."""
        self._events = 0
        self._callbacks = 0
        self._tasks: dict[asyncio.Task[Any], None] = {}

    async def complete(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run main, then cancel what it left running, oldest first: asyncio's own clean-up goes by a set."""
        try:
            return await main()
        finally:
            current = asyncio.current_task()
            left = [task for task in self._tasks if task is not current]
            for task in left:
                task.cancel()
            for task, ended in zip(left, await asyncio.gather(*left, return_exceptions=True), strict=True):
                if isinstance(ended, Exception):
                    message = "a task that the run left behind failed while it was cancelled"
                    self.call_exception_handler({"message": message, "exception": ended, "task": task})

    def watch_nodes(self, events_max: int, flooded: Callable[[int], object]) -> None:
        """Call `flooded(events)`, once, when nodes handle more than so many events within a virtual second, and more
        than `EVENTS_A_CALLBACK` for each callback of coroutines: so many answer each other, and no client."""
        self._events_max, self._flooded = events_max, flooded

    def time(self) -> float:
        """Virtual seconds since the start of the run."""
        return self._kernel.now / SECOND

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Call soon, as in asyncio: after all that is already planned for this instant."""
        handle = asyncio.Handle(callback, args, self, context)
        self._plan(self._kernel.now, handle)
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Call soon, for signal handlers; threads have no place in virtual time."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call at a time, as in asyncio, rounded to whole nanoseconds."""
        return self._timer(self._kernel.now + round(delay * SECOND), callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call after a delay, as in asyncio, rounded to whole nanoseconds."""
        return self._timer(round(when * SECOND), callback, args, context)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Make a task, as in asyncio; tasks are remembered in the order of their making."""
        task: asyncio.Task[T] = super().create_task(coro, name=name, context=context)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Refuse: what a thread does takes no virtual time and comes at no fixed moment."""
        raise RuntimeError(f"{func!r} was to run in a thread, and there are none in virtual time: call it directly")

    def stop(self) -> None:
        """Make a future, as in asyncio."""
        super().stop()
        self._kernel.stopped = True

    def _timer(
        self, when: int, callback: Callable[..., object], args: tuple[Any, ...], context: contextvars.Context | None
    ) -> asyncio.TimerHandle:
        when = max(when, self._kernel.now)
        handle = asyncio.TimerHandle(when / SECOND, callback, args, self, context)
        self._plan(when, handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing to do: the entry is skipped when its time comes."""

    def _plan(self, when: int, handle: asyncio.Handle) -> None:
        self._planned += 1
        self._kernel.at(when, self._run_handle, (handle,))

    def _run_handle(self, handle: asyncio.Handle) -> None:
        self._planned -= 1
        self._callbacks += 1
        self._last_planned = self._kernel.now
        if not handle.cancelled():
            handle._run()

    def _run_once(self) -> None:
        """One turn of `run_forever`."""
        kernel = self._kernel
        before = kernel.now
        kernel.stopped = False
        more = kernel.run(CHUNK)
        if kernel.stopped:
            return
        self._still_chunks = self._still_chunks + 1 if kernel.now == before else 0
        if self._flooded is not None:
            self._count_events()
        if not more:
            raise self._stuck("nothing is left that could happen")
        if self._still_chunks >= STILL_CHUNKS_MAX:
            raise self._stuck(f"virtual time stood still for {STILL_CHUNKS_MAX * CHUNK:,} callbacks")
        if not self._planned and kernel.now - self._last_planned > STALLED_NS_MAX:
            raise self._stuck(f"only nodes were busy for {STALLED_NS_MAX // SECOND} virtual seconds")

    def _count_events(self) -> None:
        """Count events after a chunk of entries has run: those that were no callbacks of coroutines were events of
        nodes."""
        if self._kernel.now - self._second >= SECOND:
            self._second = self._kernel.now
            self._events = self._callbacks = 0
            return
        self._events += CHUNK
        events = self._events - self._callbacks
        if events > self._events_max and events > EVENTS_A_CALLBACK * self._callbacks and self._flooded is not None:
            flooded, self._flooded = self._flooded, None
            flooded(events)

    def _stuck(self, what: str) -> InfrastructureError:
        waiting = ", ".join(_whereabouts(task) for task in list(self._tasks)[:10])
        more = len(self._tasks) - 10
        rest = f" and {more} more" if more > 0 else ""
        return InfrastructureError(
            f"the simulated run cannot end: {what} at {self.time():.9f} virtual seconds, and these still wait: "
            f"{waiting}{rest}; give what they wait for a timeout, or see to it that it comes"
        )


def _whereabouts(task: asyncio.Task[Any]) -> str:
    """The place where a task waits: its innermost coroutine that is not asyncio's own."""
    coroutine: Any = task.get_coro()
    place = task.get_name()
    while getattr(coroutine, "cr_frame", None) is not None:
        file = PurePath(coroutine.cr_code.co_filename)
        if file.parent.name != "asyncio":
            place = f"{coroutine.__qualname__} ({file.name}:{coroutine.cr_frame.f_lineno})"
        coroutine = coroutine.cr_await
    return place
