"""Slots: the parts of the key space, in which slot a key lies, and which group has which slot at first.

- `mod`    the hash of the key, modulo `SLOTS`
- `ring`   a slot is an arc of a circle of hashes, up to the place of a virtual node; each group has `vnodes` of them
- `range`  a slot is `WIDTH` neighbouring keys, by the number at their end; the last one is open, and so has all that
           come later: the hot end of ranges that nobody splits

The slots stay; the groups that have them change.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.quorum.ring import place

KINDS = ("mod", "ring", "range")
SLOTS = 16
"""Slots of `mod` and of `range`."""
WIDTH = 4
"""Keys of one range."""
_NUMBER = re.compile(r"[0-9]{1,9}$")


class Partitioning:
    """The slots of one store. kind: one of `KINDS`. vnodes: virtual nodes of a group on the ring."""

    def __init__(self, kind: str, groups: Sequence[str], vnodes: int) -> None:
        self._kind = kind
        points = sorted((place(f"{group}#{number}"), group) for group in groups for number in range(vnodes))
        self._points = [point for point, _ in points]
        dealt = tuple(groups[slot % len(groups)] for slot in range(SLOTS))
        self.owners: Sequence[str] = tuple(group for _, group in points) if kind == "ring" else dealt
        """The group that has each slot at first."""

    def slot(self, key: Any) -> int:
        """The slot in which a key lies."""
        name = wire_name(key)
        word = name if isinstance(name, str) else name.hex()
        if self._kind == "mod":
            return place(word) % SLOTS
        if self._kind == "ring":
            return bisect_left(self._points, place(word)) % len(self._points)
        number = key if isinstance(key, int) else _number(word)
        return min(max(number, 0) // WIDTH, SLOTS - 1)


def _number(word: str) -> int:
    found = _NUMBER.search(word)
    return int(found[0]) if found else 0
