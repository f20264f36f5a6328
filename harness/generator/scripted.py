"""Scripted operations: a recorded or hand-written list of operations, each on its thread at its time."""

from collections.abc import Iterable
from dataclasses import dataclass

from splitbrain.harness.generator.core import Answer, Context, Generator, Wait
from splitbrain.harness.generator.sources import DONE, Constant
from splitbrain.harness.operation import Operation


@dataclass(frozen=True)
class ScriptedOperation:
    """One operation of a list. thread: who issues it. at: when, in nanoseconds since the first thread asked; later if
    the thread is still busy with the one before."""

    thread: int
    at: int
    operation: Operation


class Scripted(Constant, frozen=True):
    """See `scripted`. given: thread → how many of its operations it has been given. origin: when somebody first
    asked."""

    lists: dict[int, tuple[ScriptedOperation, ...]]
    given: dict[int, int]
    origin: int | None = None

    def next(self, context: Context) -> tuple[Answer, Generator]:
        """The thread's next operation once its time has come."""
        if self.origin is None:
            return Scripted(self.lists, self.given, context.now).next(context)
        at = self.given.get(context.thread, 0)
        mine = self.lists.get(context.thread, ())
        if at == len(mine):
            return DONE, self
        due = self.origin + mine[at].at
        if context.now < due:
            return Wait(due), self
        return mine[at].operation, Scripted(self.lists, {**self.given, context.thread: at + 1}, self.origin)


def scripted(operations: Iterable[ScriptedOperation]) -> Generator:
    """Each thread's operations in their order, none before its time; a thread without any more is done."""
    lists: dict[int, list[ScriptedOperation]] = {}
    for entry in operations:
        lists.setdefault(entry.thread, []).append(entry)
    return Scripted({thread: tuple(entries) for thread, entries in lists.items()}, {})


__all__ = ["Scripted", "ScriptedOperation", "scripted"]
