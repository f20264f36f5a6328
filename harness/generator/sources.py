"""Leaves of a generator: one operation, a list, or a function of the thread's context.

Pitfall: a list is shared. `sequence` hands each item to the first thread that calls, so which thread gets which depends
on timing; where an operation must be a function of (seed, thread, ordinal), `deal` the list, or use `calls`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Self

import msgspec

from splitbrain.harness.generator.core import Answer, Completion, Context, Done, Generator
from splitbrain.harness.operation import Operation

DONE = Done()


class Constant(msgspec.Struct, frozen=True):
    """The base of generators that take no notice of how operations end."""

    def update(self, completion: Completion) -> Self:
        """The generator itself."""
        return self


class Repeat(Constant, frozen=True):
    """See `repeat`."""

    operation: Operation

    def next(self, context: Context) -> tuple[Answer, Generator]:
        return self.operation, self


class Calls(Constant, frozen=True):
    """See `calls`."""

    function: Callable[[Context], Operation | None]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        operation = self.function(context)
        return (DONE if operation is None else operation), self


class Sequence(Constant, frozen=True):
    """See `sequence`. at: position of the next item."""

    items: tuple[Operation, ...]
    at: int = 0

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.at == len(self.items):
            return DONE, self
        return self.items[self.at], Sequence(self.items, self.at + 1)


class Deal(Constant, frozen=True):
    """See `deal`. dealt: thread → how many items it has been given."""

    items: tuple[Operation, ...]
    dealt: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread = context.thread
        had = self.dealt.get(thread, 0)
        at = context.threads.index(thread) + had * len(context.threads)
        if at >= len(self.items):
            return DONE, self
        return self.items[at], Deal(self.items, {**self.dealt, thread: had + 1})


class Nothing(Constant, frozen=True):
    """See `nothing`."""

    def next(self, context: Context) -> tuple[Answer, Generator]:
        return DONE, self


def repeat(operation: Operation) -> Generator:
    """The same operation, for everyone, for ever."""
    return Repeat(operation)


def once(operation: Operation) -> Generator:
    """One operation, once, for the thread that asks first."""
    return Sequence((operation,))


def calls(function: Callable[[Context], Operation | None]) -> Generator:
    """Each operation made by a function of the asking thread; None means that this thread is done, for good.

    The function must be pure: all randomness from `context.draws`, all position from `context.ordinal`.
    """
    return Calls(function)


def sequence(operations: Iterable[Operation]) -> Generator:
    """A list of operations, in order, each handed out once, to the thread that asks first."""
    return Sequence(tuple(operations))


def deal(operations: Iterable[Operation]) -> Generator:
    """A list of operations dealt like cards: with n threads, item i belongs to thread i mod n, whatever the timing."""
    return Deal(tuple(operations), {})


def nothing() -> Generator:
    """No operation at all."""
    return Nothing()
