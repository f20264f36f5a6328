"""The protocol of generators: immutable values that return the next operation of a thread.

The controller calls on behalf of one idle thread at a time. The result is an operation, a wait, or the end, together
with the generator for the next call. Randomness comes only from `Context.draws`, which is named by (seed, thread,
ordinal): the n-th operation of a thread is the same whatever the other threads did meanwhile.

Pitfall: after a `Wait` a generator is called again with the same ordinal, so it draws the same."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from splitbrain.harness.operation import EventType, Operation, Value
from splitbrain.harness.random_stream import RandomStream

SECOND = 1_000_000_000


class Context(Struct, gc=False):
    """The asking thread, and the time.

    thread: number of the asking thread, 0 … concurrency - 1; threads outlive processes. ordinal: how many operations
    the thread has been given so far. now: nanoseconds since the run began. busy: how many threads are in the middle of
    an operation. threads: all client threads. process: the thread's present process id.
    """

    seed: int
    thread: int
    ordinal: int
    now: int
    process: int
    busy: int
    threads: Sequence[int]
    _draws: RandomStream | None = None

    @property
    def draws(self) -> RandomStream:
        """The stream of this operation; made only when somebody draws."""
        if self._draws is None:
            self._draws = RandomStream(self.seed, "generator", self.thread, self.ordinal)
        return self._draws

    def narrowed(self, threads: Sequence[int]) -> "Context":
        """The same question, asked of a generator that serves only some of the threads; draws are shared."""
        return Context(
            self.seed, self.thread, self.ordinal, self.now, self.process, self.busy, threads, _draws=self.draws
        )


class Wait(Struct, frozen=True, gc=False):
    """Nothing to do yet. until: nanoseconds since the run began when to ask again; None: when something happened (an
    operation ended, or the generator changed). early: with `until`, ask also when something happened before it."""

    until: int | None = None
    early: bool = False

    def by(self, deadline: int) -> "Wait":
        """The same wait, over at a deadline at the latest."""
        if self.until is None:
            return Wait(deadline, early=True)
        return self if self.until <= deadline else Wait(deadline, self.early)

    def either(self, other: "Wait") -> "Wait":
        """A wait that is over when one of the two is."""
        times = [wait.until for wait in (self, other) if wait.until is not None]
        if not times:
            return self
        return Wait(min(times), self.early or other.early or len(times) < 2)


class Done(Struct, frozen=True, gc=False):
    """Nothing for this thread, ever again."""


class Completion(Struct, frozen=True, gc=False):
    """An operation that ended, as generators see it. operation: as it was invoked. value: of its outcome."""

    thread: int
    operation: Operation
    type: EventType
    now: int
    value: Value = None


Answer = Operation | Wait | Done


class Generator(Protocol):
    """Something that can be asked what to do next."""

    def next(self, context: Context) -> "tuple[Answer, Generator]":
        """The answer for the asking thread, and the generator from then on."""

    def update(self, completion: Completion) -> "Generator":
        """The generator after an operation ended; most return themselves."""
