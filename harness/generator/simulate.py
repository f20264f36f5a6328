"""Dry run of a generator against an imaginary client whose operations all take the same time.

For tests, for documentation, and to see a workload's shape before a cluster is started. The clock is imaginary too:
an hour takes no longer than its operations.

Pitfall: equal times are ordered as the controller orders them: first the thread that ended an operation, then those
that waited for something to happen, in the order of their threads."""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from splitbrain.harness.generator.core import SECOND, Completion, Context, Done, Generator, Wait
from splitbrain.harness.operation import EventType, Operation


class Moment(NamedTuple):
    """An operation that was given to a thread. time: nanoseconds since the beginning."""

    time: int
    thread: int
    operation: Operation


def simulate(
    generator: Generator,
    *,
    concurrency: int = 3,
    seed: int = 0,
    latency_ms: float = 1.0,
    seconds: float = 60.0,
    ends: Callable[[Moment], EventType] = lambda moment: EventType.OK,
    operations: int = 100_000,
) -> list[Moment]:
    """The operations that each thread is given, in order of time, until all are done, or the seconds or the operations
    are over.

    latency_ms: how long each operation takes. ends: how it ends; after INFO its thread has a new process.
    """
    return _Simulation(generator, concurrency, seed, int(latency_ms * 1e6), ends).run(int(seconds * SECOND), operations)


class _Simulation:
    """Threads as entries of a heap: (time, tie, thread, turn, what ended). An entry of an earlier turn is stale."""

    def __init__(
        self, generator: Generator, concurrency: int, seed: int, latency: int, ends: Callable[[Moment], EventType]
    ) -> None:
        self.generator, self.seed, self.latency, self.ends = generator, seed, latency, ends
        self.threads = range(concurrency)
        self.processes = list(self.threads)
        self.ordinals = [0] * concurrency
        self.turns = [0] * concurrency
        self.busy = 0
        self.alert: frozenset[int] = frozenset()
        self.entries = 0
        self.heap: list[tuple[int, int, int, int, Moment | None]] = []
        self.moments: list[Moment] = []

    def run(self, until: int, operations: int) -> list[Moment]:
        for thread in self.threads:
            self._push(0, thread)
        while self.heap and len(self.moments) < operations:
            now, _, thread, turn, ended = heapq.heappop(self.heap)
            if now >= until:
                break
            if turn == self.turns[thread]:
                if ended is not None:
                    self._end(now, ended)
                self._ask(now, thread)
        return self.moments

    def _push(self, time: int, thread: int, ends: Moment | None = None) -> None:
        self.entries += 1
        heapq.heappush(self.heap, (time, self.entries, thread, self.turns[thread], ends))

    def _ask(self, now: int, thread: int) -> None:
        self.turns[thread] += 1
        self.alert -= {thread}
        process, ordinal = self.processes[thread], self.ordinals[thread]
        context = Context(self.seed, thread, ordinal, now, process, self.busy, self.threads)
        answer, after = self.generator.next(context)
        if after is not self.generator:
            self.generator = after
            self._wake(now)
        if isinstance(answer, Wait):
            if answer.until is None or answer.early:
                self.alert |= {thread}
            if answer.until is not None:
                self._push(answer.until, thread)
        elif not isinstance(answer, Done):
            moment = Moment(now, thread, answer)
            self.moments.append(moment)
            self.ordinals[thread] += 1
            self.busy += 1
            self._push(now + self.latency, thread, moment)

    def _end(self, now: int, moment: Moment) -> None:
        self.busy -= 1
        ended = self.ends(moment)
        if ended is EventType.INFO:
            self.processes[moment.thread] += len(self.threads)
        self.generator = self.generator.update(Completion(moment.thread, moment.operation, ended, now))
        self._wake(now)

    def _wake(self, now: int) -> None:
        for thread in sorted(self.alert):
            self.turns[thread] += 1
            self._push(now, thread)
        self.alert = frozenset()
