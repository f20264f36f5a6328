"""Takes of unknown end, for monitors of containers of different elements: which of them took what.

A crashed take may have taken any element, found nothing, or never happened. An element that was put in and that no
other take returned is *unclaimed*: it stays in for ever, or a crashed take has it. A monitor decides any choice of
these, for a crashed take with an element is a take that never returned.

- *Without them.* If what returned is not linearizable with unclaimed elements and crashed takes left out, nothing is:
  a legal order stays legal without all calls about some values, and without takes that found nothing.
- *Deadlines.* An unclaimed element must be gone when a take finds nothing that began after the element was in, and when
  an element is taken then that the container gives out later (see `Turns`). A crashed take has at most one of them, and
  must have been invoked by then: if, in the order of deadlines, there are more elements than takes, nothing is
  linearizable (Hall's condition for intervals with one end).
- *Choices.* The earliest deadline gets the take invoked first. If the monitor refutes that, an unclaimed element of its
  core must have been taken after all: each is tried with each take that is left. Begun without any choice, and tried to
  the end, this is exhaustive: the core of a choice refutes all choices that leave those elements as they are.

A crashed take without an element is left out, as a crashed put that nobody took is. Pitfall: a take that is tried with
an element too late; only the exhaustive search refutes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.checkers.porcupine.monitors.queue_contents import (
    ContainerNames,
    Contents,
    QueueElement,
    contents,
    element_of,
)

CHOICES_MAX = 400
"""Choices that are tried, each for the time of a whole monitor."""

Decide = Callable[[MonitorInput, Contents], Decision | None]


class Turns(NamedTuple):
    """The order in which a container gives out elements that are inside together: one that no take returned goes before
    another if turn(the other) > limit(the one), as far as is known."""

    turn: Callable[[QueueElement], Any]
    limit: Callable[[QueueElement], Any]


class ElementDeadline(NamedTuple):
    """A moment by which an element that no take returned is gone. put: its operation. because: the operations that say
    so, besides it."""

    moment: int
    put: int
    because: tuple[int, ...]


def decide_container(
    case: MonitorInput, names: ContainerNames, decide: Decide, turns: Turns, *, newest: bool = False
) -> Decision | None:
    """Decide a history of a container, whatever crashed.

    decide: decides where elements are different and no take crashed. newest: see `contents`.
    """
    inside = contents(case, names, newest=newest)
    if inside is None or inside.refuted is not None:
        return None if inside is None else inside.refuted
    found = _Assignment(case, inside, decide, turns).decided() if inside.crashed_takes else decide(case, inside)
    return None if found is not None and found.order is None and inside.guessed else found


class _Assignment:
    """Crashed takes, in order of invocation, being given to unclaimed elements."""

    def __init__(self, case: MonitorInput, inside: Contents, decide: Decide, turns: Turns) -> None:
        self.case, self.inside, self.decide = case, inside, decide
        self.unclaimed = {e.put: place for place, e in enumerate(inside.elements) if e.take < 0}
        self.claimed = [e for e in inside.elements if e.take >= 0]
        self.deadlines = self._earliest(turns)
        self.left = CHOICES_MAX

    def _earliest(self, turns: Turns) -> list[ElementDeadline]:
        """The first deadline of each element that has one, the earliest first."""
        call, ret = self.case.problem.call, self.case.problem.ret
        unclaimed = [self.inside.elements[place] for place in self.unclaimed.values()]
        found = _outlived(self.claimed, unclaimed, turns)
        empty = sorted((call[operation], ret[operation], operation) for operation in self.inside.empty)
        for number in reversed(range(len(empty) - 1)):
            if empty[number + 1][1] < empty[number][1]:
                empty[number] = (empty[number][0], *empty[number + 1][1:])
        for element in unclaimed:
            later = bisect_left(empty, (element.put_end,))
            if later < len(empty):
                found.append(ElementDeadline(empty[later][1], element.put, (empty[later][2],)))
        first: dict[int, ElementDeadline] = {}
        for deadline in sorted(found):
            first.setdefault(deadline.put, deadline)
        return list(first.values())

    def decided(self) -> Decision | None:
        without = self.decide(self.case, replace(self.inside, elements=self.claimed))
        if without is None or without.order is None:
            return without
        takes, call = self.inside.crashed_takes, self.case.problem.call
        for number, deadline in enumerate(self.deadlines):
            if number >= len(takes) or call[takes[number]] > deadline.moment:
                return self._too_many(number)
        first = {d.put: take for d, take in zip(self.deadlines, takes, strict=False)}
        found = self._tried(first) if first else None
        if found is not None and found.order is not None:
            return found
        self.left = CHOICES_MAX
        return self._tried({})

    def _too_many(self, number: int) -> Decision:
        """The core: elements that must be gone, why, and the takes that may have them."""
        core = [*self.inside.crashed_takes]
        for deadline in self.deadlines[: number + 1]:
            core += (deadline.put, *deadline.because)
        return refuted(core)

    def _tried(self, chosen: dict[int, int]) -> Decision | None:
        """The decision with these elements (by their put) taken by these takes, and with whatever must be added; None
        if there are too many choices. Refuted: no choice that has these is legal."""
        self.left -= 1
        if self.left < 0 or self.case.spending.exhausted():
            return None
        found = self.decide(self.case, replace(self.inside, elements=self._elements(chosen)))
        if found is None or found.order is not None:
            return found
        core = {*found.core, *self.inside.crashed_takes}
        free = [take for take in self.inside.crashed_takes if take not in chosen.values()]
        for put in found.core:
            if put not in self.unclaimed or put in chosen:
                continue
            for take in free:
                below = self._tried({**chosen, put: take})
                if below is None or below.order is not None:
                    return below
                core.update(below.core)
        return refuted(core)

    def _elements(self, chosen: dict[int, int]) -> list[QueueElement]:
        elements = [*self.inside.elements]
        for put, take in chosen.items():
            elements[self.unclaimed[put]] = element_of(self.case.problem, put, take)
        return elements


def _outlived(claimed: list[QueueElement], unclaimed: list[QueueElement], turns: Turns) -> list[ElementDeadline]:
    """For each unclaimed element, the first take of an element that goes after it, and that began when it was in."""
    places = sorted(turns.turn(e) for e in claimed)
    soonest: list[QueueElement | None] = [None] * (len(places) + 1)
    """A Fenwick tree: of elements by their turn, the last first, the one that is taken first."""
    waiting = sorted(claimed, key=lambda e: e.take_begin)
    out = []
    for element in sorted(unclaimed, key=lambda e: -e.put_end):
        while waiting and waiting[-1].take_begin > element.put_end:
            other = waiting.pop()
            place = len(places) - bisect_left(places, turns.turn(other))
            while place < len(soonest):
                best = soonest[place]
                if best is None or other.take_end < best.take_end:
                    soonest[place] = other
                place += place & -place
        place, first = len(places) - bisect_right(places, turns.limit(element)), None
        while place:
            best = soonest[place]
            if best is not None and (first is None or best.take_end < first.take_end):
                first = best
            place -= place & -place
        if first is not None:
            out.append(ElementDeadline(first.take_end, element.put, first.operations()))
    return out
