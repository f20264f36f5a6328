"""Generators that set the pace of another one, or end it.

Each thread keeps its own pace: with n threads, a rate r is n independent Poisson processes of rate r / n, so that a
thread that hangs delays no other.

Pitfall: a gap begins where the last operation was *due*, not where it ended. So a thread that hung catches up
afterwards: the rate of the option is the rate that comes, and threads stay abreast of each other, which workloads rely
on whose threads meet on the same keys."""

from collections.abc import Mapping

import msgspec

from splitbrain.harness.generator.core import SECOND, Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.generator.sources import DONE, Constant
from splitbrain.harness.random_stream import RandomStream


class Rate(msgspec.Struct, frozen=True):
    """See `rate`. due: thread → when its next operation is due, ns."""

    inner: Generator
    per_second: float
    due: Mapping[int, int]

    def late(self, thread: int, now: int) -> int:
        """The nanoseconds by which an operation that this thread begins now is later than it was due."""
        return max(0, now - self.due.get(thread, now))

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread, now = context.thread, context.now
        due = self.due.get(thread)
        if due is None:
            due = now + self._gap(context, context.ordinal)
            if due > now:
                return Wait(due), Rate(self.inner, self.per_second, {**self.due, thread: due})
        elif due > now:
            return Wait(due), self
        answer, inner = self.inner.next(context)
        if type(answer) is Wait or type(answer) is Done:
            return answer, self if inner is self.inner else Rate(inner, self.per_second, self.due)
        upcoming = due + self._gap(context, context.ordinal + 1)
        return answer, Rate(inner, self.per_second, {**self.due, thread: upcoming})

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        return self if inner is self.inner else Rate(inner, self.per_second, self.due)

    def _gap(self, context: Context, ordinal: int) -> int:
        """Nanoseconds before the operation with this ordinal."""
        draws = RandomStream(context.seed, "pace", context.thread, ordinal)
        return int(draws.exponential(SECOND * len(context.threads) / self.per_second))


class Delay(msgspec.Struct, frozen=True):
    """See `delay`. free: thread → when it may begin its next operation, ns."""

    inner: Generator
    gap: int
    free: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread, now = context.thread, context.now
        free = self.free.get(thread, now)
        if free > now:
            return Wait(free), self
        answer, inner = self.inner.next(context)
        if type(answer) is Wait or type(answer) is Done:
            return answer, self if inner is self.inner else Delay(inner, self.gap, self.free)
        return answer, Delay(inner, self.gap, {**self.free, thread: now + self.gap})

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        return self if inner is self.inner else Delay(inner, self.gap, self.free)


class Sleep(Constant, frozen=True):
    """See `sleep`. wakes: thread → when it is done, ns."""

    length: int
    wakes: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        wakes = self.wakes.get(context.thread)
        if wakes is None:
            wakes = context.now + self.length
            return Wait(wakes), Sleep(self.length, {**self.wakes, context.thread: wakes})
        return (Wait(wakes) if wakes > context.now else DONE), self


class TimeLimit(msgspec.Struct, frozen=True):
    """See `time_limit`. ends: ns; None until somebody asked."""

    inner: Generator
    length: int
    ends: int | None = None

    def next(self, context: Context) -> tuple[Answer, Generator]:
        ends = context.now + self.length if self.ends is None else self.ends
        if context.now >= ends:
            return DONE, self
        answer, inner = self.inner.next(context)
        if type(answer) is Wait:
            answer = answer.by(ends)
        if inner is self.inner and self.ends is not None:
            return answer, self
        return answer, TimeLimit(inner, self.length, ends)

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        return self if inner is self.inner else TimeLimit(inner, self.length, self.ends)


class Limit(msgspec.Struct, frozen=True):
    """See `limit`."""

    inner: Generator
    left: int

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.left <= 0:
            return DONE, self
        answer, inner = self.inner.next(context)
        if type(answer) is Wait or type(answer) is Done:
            return answer, self if inner is self.inner else Limit(inner, self.left)
        return answer, Limit(inner, self.left - 1)

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        return self if inner is self.inner else Limit(inner, self.left)


class ProcessLimit(msgspec.Struct, frozen=True):
    """See `process_limit`. seen: processes that were given an operation; never iterated."""

    inner: Generator
    count: int
    seen: frozenset[int] = frozenset()

    def next(self, context: Context) -> tuple[Answer, Generator]:
        known = context.process in self.seen
        if not known and len(self.seen) >= self.count:
            return DONE, self
        answer, inner = self.inner.next(context)
        if known or type(answer) is Wait or type(answer) is Done:
            return answer, self if inner is self.inner else ProcessLimit(inner, self.count, self.seen)
        return answer, ProcessLimit(inner, self.count, self.seen | {context.process})

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        return self if inner is self.inner else ProcessLimit(inner, self.count, self.seen)


def rate(per_second: float, generator: Generator) -> Generator:
    """Let `per_second` operations come over all threads, at random moments; 0 or less means as fast as they go."""
    return Rate(generator, float(per_second), {}) if per_second > 0 else generator


def stagger(seconds: float, generator: Generator) -> Generator:
    """An operation every so many seconds over all threads on average, at random moments: `rate` of the inverse."""
    return rate(1 / seconds, generator) if seconds > 0 else generator


def delay(seconds: float, generator: Generator) -> Generator:
    """The invocations of each thread at least so many seconds apart; the first at once."""
    return Delay(generator, int(seconds * SECOND), {})


def sleep(seconds: float) -> Generator:
    """No operation, for so many seconds from when each thread first asks; then done."""
    return Sleep(int(seconds * SECOND), {})


def time_limit(seconds: float, generator: Generator) -> Generator:
    """No operation later than so many seconds after somebody first asked; those under way go on."""
    return TimeLimit(generator, int(seconds * SECOND))


def limit(count: int, generator: Generator) -> Generator:
    """Let `count` operations come in all, over all threads; `per_thread(limit(…))` counts for each."""
    return Limit(generator, count)


def process_limit(count: int, generator: Generator) -> Generator:
    """Operations for at most so many different processes: a bound on how many may crash."""
    return ProcessLimit(generator, count)
