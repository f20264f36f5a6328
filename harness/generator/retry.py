"""Operations that are each tried until they succeed, with a pause after each failure and a limit to the patience."""

from collections.abc import Iterable

import msgspec

from splitbrain.harness.generator.core import SECOND, Answer, Completion, Context, Generator, Wait
from splitbrain.harness.generator.sources import DONE
from splitbrain.harness.generator.threads import per_thread
from splitbrain.harness.operation import EventType, Operation


class EachUntilOk(msgspec.Struct, frozen=True):
    """See `each_until_ok`. at: the operation tried now. resume: not before this time. ends: no try begins later, once
    the first has begun."""

    operations: tuple[Operation, ...]
    pause: int
    patience: int
    at: int = 0
    resume: int = 0
    ends: int | None = None

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.at == len(self.operations) or (self.ends is not None and context.now >= self.ends):
            return DONE, self
        if context.now < self.resume:
            return Wait(self.resume), self
        ends = context.now + self.patience if self.ends is None else self.ends
        return self.operations[self.at], self._after(self.at, self.resume, ends)

    def update(self, completion: Completion) -> Generator:
        if completion.type is EventType.OK:
            return self._after(self.at + 1, self.resume, self.ends)
        return self._after(self.at, completion.now + self.pause, self.ends)

    def _after(self, at: int, resume: int, ends: int | None) -> Generator:
        return EachUntilOk(self.operations, self.pause, self.patience, at, resume, ends)


def each_until_ok(operations: Iterable[Operation], pause_s: float = 0.5, patience_s: float = 30.0) -> Generator:
    """Operations in this order on each thread, each tried until it succeeds: again `pause_s` seconds after a failure. A
    thread whose first try is `patience_s` seconds ago is done."""
    return per_thread(EachUntilOk(tuple(operations), int(pause_s * SECOND), int(patience_s * SECOND)))
