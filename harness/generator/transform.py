"""Generators that change or select another generator's operations, by a pure function of the operation.

Pitfall: changes are not undone on the way back: a generator's `update` receives the operation as it was sent."""

from collections.abc import Callable, Mapping

import msgspec

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator.core import Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.operation import Operation

PATIENCE = 10_000
"""Operations in a row that a filter may refuse before it is taken for one that refuses all."""


class Transform(msgspec.Struct, frozen=True):
    """See `transform`."""

    function: Callable[[Operation], Operation]
    inner: Generator

    def next(self, context: Context) -> tuple[Answer, Generator]:
        answer, inner = self.inner.next(context)
        if type(answer) is Operation:
            answer = self.function(answer)
        return answer, self._with(inner)

    def update(self, completion: Completion) -> Generator:
        return self._with(self.inner.update(completion))

    def _with(self, inner: Generator) -> "Transform":
        return self if inner is self.inner else Transform(self.function, inner)


class Keep(msgspec.Struct, frozen=True):
    """See `keep`."""

    wanted: Callable[[Operation], bool]
    inner: Generator

    def next(self, context: Context) -> tuple[Answer, Generator]:
        inner = self.inner
        for _ in range(PATIENCE):
            answer, inner = inner.next(context)
            if type(answer) is Wait or type(answer) is Done or (type(answer) is Operation and self.wanted(answer)):
                return answer, self._with(inner)
        raise UsageError(f"a generator's filter refused {PATIENCE:,} operations in a row; it would never end")

    def update(self, completion: Completion) -> Generator:
        return self._with(self.inner.update(completion))

    def _with(self, inner: Generator) -> "Keep":
        return self if inner is self.inner else Keep(self.wanted, inner)


def transform(function: Callable[[Operation], Operation], generator: Generator) -> Generator:
    """Every operation changed by a pure function."""
    return Transform(function, generator)


def rename(names: Mapping[str, str], generator: Generator) -> Generator:
    """Every operation's `f` renamed; those not in `names` stay."""
    return Transform(lambda o: Operation(names.get(o.f, o.f), o.value, o.key), generator)


def keep(wanted: Callable[[Operation], bool], generator: Generator) -> Generator:
    """Keep the operations that are wanted; the generator is asked again until one is."""
    return Keep(wanted, generator)
