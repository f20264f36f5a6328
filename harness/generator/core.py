"""What is a generator? A pure value that is asked by a thread what to do next.

The controller asks on behalf of one idle thread at a time. The answer is an operation, a wait, or the end, together
with the generator to ask next time: generators are immutable. Randomness comes only from `Context.draws`, which is
named by (seed, thread, ordinal): the n-th operation of a thread is the same whatever the other threads did meanwhile.
The trap: a generator that is asked and answers `Wait` is asked again with the same ordinal, so it draws the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.stream import Stream

SECOND = 1_000_000_000


@dataclass(slots=True)
class Context:
    """Who asks, and when.

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
    _draws: Stream | None = field(default=None, repr=False)

    @property
    def draws(self) -> Stream:
        """The stream of this operation; made only when somebody draws."""
        if self._draws is None:
            self._draws = Stream(self.seed, "generator", self.thread, self.ordinal)
        return self._draws


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do yet. until: nanoseconds since the run began when to ask again; None: when something happened (an
    operation ended)."""

    until: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing for this thread, ever again."""


@dataclass(frozen=True, slots=True)
class Completion:
    """An operation that ended, as generators see it."""

    thread: int
    operation: Operation
    type: EventType
    now: int


Answer = Operation | Wait | Done


class Generator(Protocol):
    """Something that can be asked what to do next."""

    def next(self, context: Context) -> "tuple[Answer, Generator]":
        """The answer for the asking thread, and the generator from then on."""

    def update(self, completion: Completion) -> "Generator":
        """The generator after an operation ended; most return themselves."""
