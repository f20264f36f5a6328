"""Minimization of a list: what can go without a property being lost (delta debugging, complements only)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def minimize(items: Sequence[Item], keeps: Callable[[Sequence[Item]], bool]) -> Sequence[Item]:
    """The items without those that are not needed for `keeps`, which holds for all of them: half of them are tried
    without, then quarters, down to single ones, the last first."""
    size = (len(items) + 1) // 2
    while items and size:
        end = len(items)
        while end > 0:
            begin = max(end - size, 0)
            without = [*items[:begin], *items[end:]]
            if keeps(without):
                items = without
            end = begin
        size = size // 2 if size > 1 else 0
    return items
