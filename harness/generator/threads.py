"""Generators that differ by thread or by process.

Pitfall: a thread outlives its processes. `per_thread` keeps its place when an operation's end is unknown;
`per_process` begins anew, as a fresh client would."""

from collections.abc import Callable, Collection, Mapping

import msgspec

from splitbrain.harness.generator.choice import Parts, replaced, updated
from splitbrain.harness.generator.core import Answer, Completion, Context, Generator
from splitbrain.harness.generator.sources import DONE


class PerThread(msgspec.Struct, frozen=True):
    """See `per_thread`."""

    fresh: Generator
    own: Mapping[int, Generator]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread = context.thread
        asked = self.own.get(thread, self.fresh)
        answer, after = asked.next(context.narrowed((thread,)))
        return answer, self if after is asked else PerThread(self.fresh, {**self.own, thread: after})

    def update(self, completion: Completion) -> Generator:
        thread = completion.thread
        before = self.own.get(thread)
        after = None if before is None else before.update(completion)
        return self if after is None or after is before else PerThread(self.fresh, {**self.own, thread: after})


class PerProcess(msgspec.Struct, frozen=True):
    """See `per_process`. own: thread → its present process, and that one's generator."""

    fresh: Generator
    own: Mapping[int, tuple[int, Generator]]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread, process = context.thread, context.process
        known, asked = self.own.get(thread, (process, self.fresh))
        if known != process:
            asked = self.fresh
        answer, after = asked.next(context.narrowed((thread,)))
        if known == process and after is asked:
            return answer, self
        return answer, PerProcess(self.fresh, {**self.own, thread: (process, after)})

    def update(self, completion: Completion) -> Generator:
        thread = completion.thread
        if thread not in self.own:
            return self
        process, before = self.own[thread]
        after = before.update(completion)
        return self if after is before else PerProcess(self.fresh, {**self.own, thread: (process, after)})


class OnThreads(msgspec.Struct, frozen=True):
    """See `on_threads`."""

    inner: Generator
    chosen: Callable[[int], bool]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if not self.chosen(context.thread):
            return DONE, self
        answer, inner = self.inner.next(context.narrowed(tuple(filter(self.chosen, context.threads))))
        return answer, self if inner is self.inner else OnThreads(inner, self.chosen)

    def update(self, completion: Completion) -> Generator:
        if not self.chosen(completion.thread):
            return self
        inner = self.inner.update(completion)
        return self if inner is self.inner else OnThreads(inner, self.chosen)


class Reserve(msgspec.Struct, frozen=True):
    """See `reserve`. ends: position in the list of threads where each part's share ends; the last part has the rest."""

    parts: Parts
    ends: tuple[int, ...]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        position = context.threads.index(context.thread)
        at = next((at for at, end in enumerate(self.ends) if position < end), len(self.ends))
        low = self.ends[at - 1] if at else 0
        share = context.threads[low:] if at == len(self.ends) else context.threads[low : self.ends[at]]
        answer, part = self.parts[at].next(context.narrowed(share))
        return answer, self._with(replaced(self.parts, at, part))

    def update(self, completion: Completion) -> Generator:
        return self._with(updated(self.parts, completion))

    def _with(self, parts: Parts) -> "Reserve":
        return self if parts is self.parts else Reserve(parts, self.ends)


def per_thread(generator: Generator) -> Generator:
    """Generator for each thread by itself, as if it were the only one."""
    return PerThread(generator, {})


def per_process(generator: Generator) -> Generator:
    """Generator for each process by itself: a thread begins it anew after an operation whose end is unknown."""
    return PerProcess(generator, {})


def on_threads(threads: Collection[int] | Callable[[int], bool], generator: Generator) -> Generator:
    """Restrict a generator to these threads; the others are done at once."""
    return OnThreads(generator, threads if callable(threads) else frozenset(threads).__contains__)


def reserve(*shares: tuple[int, Generator], rest: Generator) -> Generator:
    """The first threads for one generator, the next for another, and the rest for the last:
    `reserve((2, writes), (1, cas), rest=reads)`."""
    ends: list[int] = []
    for count, _ in shares:
        ends.append(count + (ends[-1] if ends else 0))
    return Reserve((*(generator for _, generator in shares), rest), tuple(ends))
