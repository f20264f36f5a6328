"""Cycle in random order: all items come before any comes again."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from splitbrain.harness.random_stream import RandomStream

T = TypeVar("T")


class ShuffledCycle(Generic[T]):
    """A dealer of items in random order: all of them before any comes again, and none twice in a row if there are
    two."""

    def __init__(self, items: Sequence[T], random: RandomStream) -> None:
        self._items = items
        self._random = random
        self._left: list[T] = []
        self._last: T | None = None

    def next(self) -> T:
        """The next item."""
        if not self._left:
            self._left = self._random.shuffled(self._items)
            if self._left[0] == self._last:
                self._left.append(self._left.pop(0))
        self._last = self._left.pop(0)
        return self._last
