"""RandomStream: every random draw comes from a stream named by (seed, purpose, …), and from nowhere else.

Two parts of a test never share a stream, so adding a draw in one place changes nothing in another.

The first eight draws come from a hash of the name, for most streams are short and a `random.Random` is dear to seed;
later ones from such a generator. Nothing is computed before the first draw.

Pitfall: Python keeps only `Random.random()` stable between versions, so everything here is built on it alone.
"""

import hashlib
import math
import random
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

T = TypeVar("T")

_WORDS = struct.Struct("<8Q").unpack
_UNIT = 2.0**-53


def _draws(name: str) -> Iterator[float]:
    """The floats in [0, 1) of a name, without end."""
    return chain.from_iterable(_parts(name.encode()))


def _parts(name: bytes) -> Iterator[Iterable[float]]:
    """The first draws of a name, then all others: each computed when it is asked for."""
    yield [(word >> 11) * _UNIT for word in _WORDS(hashlib.blake2b(name).digest())]
    yield iter(random.Random(int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")).random, None)


def log_uniform(low: float, high: float) -> Callable[[float], float]:
    """Turn a draw in [0, 1) into a number from `low` to `high`, drawn log-uniformly, of three digits."""
    return lambda draw: float(f"{low * (high / low) ** draw:.3g}")


class RandomStream:
    """A reproducible source of random draws, named by a seed and a purpose.

    `RandomStream(7, "network", "n1", "n2")` gives the same draws in every process, on every machine and under every
    `PYTHONHASHSEED`; any other name gives independent ones.
    """

    __slots__ = ("random",)

    def __init__(self, seed: int, *purpose: str | int) -> None:
        self.random = _draws("\x00".join(map(str, (seed, *purpose)))).__next__
        """A float in [0, 1)."""

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(self.random() * n)

    def between(self, low: float, high: float) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        """True with the given probability; draws even when the answer is certain, so that streams stay aligned."""
        return self.random() < probability

    def choice(self, items: Sequence[T]) -> T:
        """One of the items, each equally likely."""
        return items[int(self.random() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items, likely in proportion to its weight."""
        left = self.random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a random order (Fisher and Yates)."""
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out

    def exponential(self, mean: float) -> float:
        """A waiting time of a Poisson process with the given mean."""
        return -mean * math.log(1.0 - self.random())
