"""Generators one after another: with or without a barrier, again and again, or until an operation succeeded.

Pitfall: the end of a generator is the end *for one thread*. With `then` each thread goes on as soon as it is done;
with `phases` none goes on before all are done, which includes that all their operations have ended."""

from collections.abc import Mapping

import msgspec

from splitbrain.harness.generator.choice import Parts, replaced, updated
from splitbrain.harness.generator.core import Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.generator.sources import DONE
from splitbrain.harness.operation import EventType


class Then(msgspec.Struct, frozen=True):
    """See `then`. at: thread → which part it has come to."""

    parts: Parts
    at: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread, parts = context.thread, self.parts
        was = at = self.at.get(thread, 0)
        answer: Answer = DONE
        while at < len(parts):
            answer, part = parts[at].next(context)
            parts = replaced(parts, at, part)
            if type(answer) is not Done:
                break
            at += 1
        if at != was:
            return answer, Then(parts, {**self.at, thread: at})
        return answer, self if parts is self.parts else Then(parts, self.at)

    def update(self, completion: Completion) -> Generator:
        parts = updated(self.parts, completion)
        return self if parts is self.parts else Then(parts, self.at)


class Phases(msgspec.Struct, frozen=True):
    """See `phases`. parts: those not yet over. done: threads that are done with the first; never iterated.

    A thread learns that it is done when it asks, and it asks when it is idle: when all know, nothing is under way.
    """

    parts: Parts
    done: frozenset[int] = frozenset()

    def next(self, context: Context) -> tuple[Answer, Generator]:
        parts, done = self.parts, self.done
        while parts:
            if context.thread not in done:
                answer, part = parts[0].next(context)
                parts = replaced(parts, 0, part)
                if type(answer) is not Done:
                    return answer, self._with(parts, done)
                done = done | {context.thread}
            if len(parts) == 1:
                break
            if not all(thread in done for thread in context.threads):
                return Wait(), self._with(parts, done)
            parts, done = parts[1:], frozenset()
        return DONE, self._with(parts, done)

    def update(self, completion: Completion) -> Generator:
        return self._with(updated(self.parts, completion), self.done)

    def _with(self, parts: Parts, done: frozenset[int]) -> "Phases":
        return self if parts is self.parts and done is self.done else Phases(parts, done)


class Cycle(msgspec.Struct, frozen=True):
    """See `cycle`. at: thread → its round. rounds: generators of the rounds that some thread is in, by number."""

    fresh: Generator
    times: int | None
    at: Mapping[int, int]
    rounds: Mapping[int, Generator]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        was = number = self.at.get(context.thread, 0)
        rounds = self.rounds
        while True:
            asked = rounds.get(number, self.fresh)
            answer, after = asked.next(context)
            if after is not asked:
                rounds = {**rounds, number: after}
            # A round that ends before it has begun would be gone through for ever.
            if type(answer) is not Done or asked is self.fresh or number + 1 == self.times:
                break
            number += 1
        if number == was:
            return answer, self if rounds is self.rounds else Cycle(self.fresh, self.times, self.at, rounds)
        at = {**self.at, context.thread: number}
        first = min(at.get(thread, 0) for thread in context.threads)
        return answer, Cycle(self.fresh, self.times, at, {n: g for n, g in rounds.items() if n >= first})

    def update(self, completion: Completion) -> Generator:
        after = {number: generator.update(completion) for number, generator in self.rounds.items()}
        if all(after[number] is generator for number, generator in self.rounds.items()):
            return self
        return Cycle(self.fresh, self.times, self.at, after)


class UntilOk(msgspec.Struct, frozen=True):
    """See `until_ok`. mine: threads in the middle of an operation from here; never iterated."""

    inner: Generator
    mine: frozenset[int] = frozenset()
    succeeded: bool = False

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.succeeded:
            return DONE, self
        answer, inner = self.inner.next(context)
        if type(answer) is Wait or type(answer) is Done:
            if type(answer) is Wait and answer.until is not None:
                answer = Wait(answer.until, early=True)
            return answer, self if inner is self.inner else UntilOk(inner, self.mine)
        return answer, UntilOk(inner, self.mine | {context.thread})

    def update(self, completion: Completion) -> Generator:
        inner = self.inner.update(completion)
        if completion.thread not in self.mine:
            return self if inner is self.inner else UntilOk(inner, self.mine, self.succeeded)
        succeeded = self.succeeded or completion.type is EventType.OK
        return UntilOk(inner, self.mine - {completion.thread}, succeeded)


def then(*generators: Generator) -> Generator:
    """One after another: each thread goes on to the next as soon as it is done with the last."""
    return Then(generators, {})


def phases(*generators: Generator) -> Generator:
    """One after another, with a barrier between: the next begins when all threads are done and nothing is under way."""
    return Phases(generators)


def cycle(generator: Generator, times: int | None = None) -> Generator:
    """The same again when it is done, so many times, or for ever; each thread goes on to the next round by itself."""
    return Cycle(generator, times, {}, {}) if times != 0 else Phases(())


def until_ok(generator: Generator) -> Generator:
    """Operations until one of them is `ok`; those under way go on, no new ones begin."""
    return UntilOk(generator)
