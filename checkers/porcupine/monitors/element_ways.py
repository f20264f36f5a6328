"""Elements of a set, each by itself: the ways in which one may stand, as far as its own operations tell.

A *way* is whether the element is present, and which of its open operations took effect. Of open operations that do the
same, the one that returns first takes effect first: in an order in which another does, the two can be exchanged.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput

Way = tuple[bool, int]
"""Whether the element is present, and which of its open operations took effect, as a mask of their places in it."""
Ways = frozenset[Way]


class ElementCall(NamedTuple):
    """An operation on one element. legal: whether the element must be present, None if it need not be either way.
    leaves: whether it is present afterwards, None if as before."""

    element: int
    legal: bool | None
    leaves: bool | None


@dataclass
class _ElementHistory:
    """The operations on one element, in order of invocation; `calls` their events, by what they may leave."""

    operations: list[int] = field(default_factory=list)
    calls: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))


class SetElements:
    """The operations on each element of a history. numbers: place of each element, by its name in the pool."""

    def __init__(self, case: MonitorInput, found: "list[ElementCall | frozenset[int]]") -> None:
        self.found = found
        self.call, self.ret = case.problem.call, case.problem.ret
        self.numbers: dict[int, int] = {}
        self.slot: list[int] = [0] * len(found)
        """The mask of each operation among those on its element."""
        self._elements: list[_ElementHistory] = []
        self._opened: dict[tuple[int, int], list[int]] = {}
        for number, one in enumerate(found):
            if isinstance(one, ElementCall):
                self._add(number, one)

    def __len__(self) -> int:
        return len(self._elements)

    def calls(self, element: int, leaves: bool) -> list[int]:
        """The invocations of operations after which an element is present, or is not, in order."""
        return self._elements[element].calls[leaves]

    def element_of(self, operation: int) -> int:
        """The element that an operation is about."""
        one = self.found[operation]
        assert isinstance(one, ElementCall)
        return self.numbers[one.element]

    def closure(self, element: int, ways: Iterable[Way], moment: int) -> dict[Way, tuple[Way, int] | None]:
        """Every way to which operations invoked by a moment lead, each with the way before it and the operation."""
        found: dict[Way, tuple[Way, int] | None] = dict.fromkeys(ways)
        todo = list(found)
        for way in todo:
            present, used = way
            tried = set()
            for operation in self._open_on(element, moment):
                one = self.found[operation]
                if used & self.slot[operation] or not isinstance(one, ElementCall) or one[1:] in tried:
                    continue
                tried.add(one[1:])
                if one.legal is None or one.legal == present:
                    following = (present if one.leaves is None else one.leaves, used | self.slot[operation])
                    if following not in found:
                        found[following] = (way, operation)
                        todo.append(following)
        return found

    def least(self, element: int, ways: Iterable[Way], moment: int) -> Ways:
        """The ways without those to which others lead."""
        kept: list[Way] = []
        reached: dict[Way, tuple[Way, int] | None] = {}
        for way in sorted(set(ways), key=lambda one: (one[1].bit_count(), one)):
            if way not in reached:
                kept.append(way)
                reached |= self.closure(element, (way,), moment)
        return frozenset(kept)

    def _add(self, number: int, one: ElementCall) -> None:
        place = self.numbers.setdefault(one.element, len(self._elements))
        if place == len(self._elements):
            self._elements.append(_ElementHistory())
        history = self._elements[place]
        self.slot[number] = 1 << len(history.operations)
        history.operations.append(number)
        if one.leaves is not None:
            history.calls[one.leaves].append(self.call[number])

    def _open_on(self, element: int, moment: int) -> list[int]:
        """Operations on an element that are open at a moment, the one that returns first being the first."""
        known = self._opened.get((element, moment))
        if known is None:
            operations = self._elements[element].operations
            known = [n for n in operations if self.call[n] < moment <= self.ret[n]]
            known.sort(key=self.ret.__getitem__)
            self._opened[element, moment] = known
        return known
