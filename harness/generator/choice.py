"""Generators that choose among several: by chance, by weight, in turn, or whichever has something to do.

Pitfall: choices are drawn anew for the same ordinal, and come out the same; so a thread whose chosen generator must
wait, waits for that one. Only `any_of` looks for another."""

from collections.abc import Mapping

import msgspec

from splitbrain.harness.generator.core import Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.generator.sources import DONE

Parts = tuple[Generator, ...]


def replaced(parts: Parts, at: int, part: Generator) -> Parts:
    """The parts with one exchanged; the same tuple if nothing changes."""
    return parts if parts[at] is part else (*parts[:at], part, *parts[at + 1 :])


def updated(parts: Parts, completion: Completion) -> Parts:
    """The parts after an operation ended; the same tuple if nothing changes."""
    for at, part in enumerate(parts):
        parts = replaced(parts, at, part.update(completion))
    return parts


class Weighted(msgspec.Struct, frozen=True):
    """See `weighted`."""

    parts: Parts
    weights: tuple[float, ...]
    positions: tuple[int, ...]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        positions, weights, parts = self.positions, self.weights, self.parts
        while positions:
            at = context.draws.weighted(positions, weights)
            answer, part = parts[at].next(context)
            parts = replaced(parts, at, part)
            if type(answer) is not Done:
                return answer, self._with(parts)
            kept = [i for i, position in enumerate(positions) if position != at]
            positions, weights = tuple(positions[i] for i in kept), tuple(weights[i] for i in kept)
        return DONE, self._with(parts)

    def update(self, completion: Completion) -> Generator:
        return self._with(updated(self.parts, completion))

    def _with(self, parts: Parts) -> "Weighted":
        return self if parts is self.parts else Weighted(parts, self.weights, self.positions)


class Alternate(msgspec.Struct, frozen=True):
    """See `alternate`. given: thread → how many operations it has been given from here."""

    parts: Parts
    given: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread = context.thread
        turn = self.given.get(thread, 0)
        at = turn % len(self.parts)
        answer, part = self.parts[at].next(context)
        parts = replaced(self.parts, at, part)
        if type(answer) is Wait or type(answer) is Done:
            return answer, self if parts is self.parts else Alternate(parts, self.given)
        return answer, Alternate(parts, {**self.given, thread: turn + 1})

    def update(self, completion: Completion) -> Generator:
        parts = updated(self.parts, completion)
        return self if parts is self.parts else Alternate(parts, self.given)


class AnyOf(msgspec.Struct, frozen=True):
    """See `any_of`."""

    parts: Parts

    def next(self, context: Context) -> tuple[Answer, Generator]:
        parts = self.parts
        waits: Wait | None = None
        for at, asked in enumerate(self.parts):
            answer, part = asked.next(context)
            parts = replaced(parts, at, part)
            if type(answer) is Wait:
                waits = answer if waits is None else waits.either(answer)
            elif type(answer) is not Done:
                return answer, self._with(parts)
        return waits or DONE, self._with(parts)

    def update(self, completion: Completion) -> Generator:
        return self._with(updated(self.parts, completion))

    def _with(self, parts: Parts) -> "AnyOf":
        return self if parts is self.parts else AnyOf(parts)


def mix(*generators: Generator) -> Generator:
    """Each operation from one of the generators, each equally likely; one that is done is left out."""
    return weighted(*((1.0, generator) for generator in generators))


def weighted(*choices: tuple[float, Generator]) -> Generator:
    """Each operation from one of the generators, likely in proportion to its weight.

    `weighted((3, reads), (1, writes))`. A generator that is done for a thread is left out for it.
    """
    return Weighted(
        tuple(generator for _, generator in choices),
        tuple(float(weight) for weight, _ in choices),
        tuple(range(len(choices))),
    )


def alternate(*generators: Generator) -> Generator:
    """Operations for each thread from the generators in turn; it is done when the one whose turn it is, is."""
    return Alternate(generators, {})


def any_of(*generators: Generator) -> Generator:
    """The first of the generators that has an operation now; done when all are."""
    return AnyOf(generators)
