"""Monitor of priority queues of different elements: decides from the first element to the last, in O(n log n).

In the spirit of Lee & Mathur, "Efficient decrease-and-conquer linearizability monitoring", OOPSLA 2025 (arXiv
2410.04581), with a proof of its own. Elements are looked at in the order in which a queue that held all of them would
give them out. Each is inside from the moment its enqueue takes effect to the moment its dequeue does.

- *Necessary.* A dequeue of u takes effect when nothing that goes first is inside. Let I(u) be the moments at which u is
  inside in some legal order, and J(u) those that this procedure finds: from the return of the enqueue (the latest
  possible) to the first moment, not before the invocations of both, that lies in no J(v) of a v that goes before u. By
  induction J(u) ⊆ I(u): the dequeue cannot come sooner, for J(v) ⊆ I(v) for all those v, and the enqueue not later. So
  if that first moment is after the return of the dequeue, there is no legal order.
- *Sufficient.* Else let each dequeue take effect at that moment, and each enqueue at its return, or just before its
  dequeue if that comes sooner. Then each dequeue finds nothing inside that goes first. At one moment several dequeues
  may take effect, as one ends what kept the next waiting: in the order of the elements.
- *A dequeue that found nothing* is one of an element behind all others.

An element that is never dequeued is inside for ever. A crashed enqueue that nobody dequeued is dropped: without it,
what others found is as legal. One that was dequeued did happen, and never returned. A crashed dequeue may have taken
any element: see `crashed_takes`. All calls about some values can go together: those about u, about the elements in its
way, about those that keep these waiting, and so on, are a core. Pitfall: `1` and `1.0` are two elements, and which
of them goes first is for the model to say.
"""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from typing import Any

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.monitors.cover import Interval, chain
from splitbrain.checkers.porcupine.monitors.crashed_takes import Turns, decide_container
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure, refuted
from splitbrain.checkers.porcupine.monitors.queue_contents import ContainerNames, Contents, QueueElement
from splitbrain.harness.operation import Value


def priority_queue_monitor(put: str, take: str, empty: Value, rank: Callable[[Value], Any]) -> Procedure:
    """The procedure for a priority queue with these operations, of which `take` returns `empty` when there is nothing;
    rank: the element → what to sort it by, no two the same."""

    def ranks(case: MonitorInput) -> Callable[[QueueElement], Any]:
        classes, kind = case.prepared.classes, case.problem.kind
        return lambda element: rank(classes[kind[element.put]].argument)

    def decide(case: MonitorInput, inside: Contents) -> Decision:
        rank_of = ranks(case)
        return _Sweep(
            case, replace(inside, elements=sorted(inside.elements, key=lambda e: (rank_of(e), e.take_end)))
        ).decided()

    names = ContainerNames(put, take, empty)

    def procedure(case: MonitorInput) -> Decision | None:
        rank_of = ranks(case)
        return decide_container(case, names, decide, Turns(turn=rank_of, limit=rank_of), newest=True)

    return procedure


class _Sweep:
    """Elements being given their moments, in order of rank."""

    def __init__(self, case: MonitorInput, inside: Contents) -> None:
        self.inside = inside
        self.call, self.ret = case.problem.call, case.problem.ret
        moments = sorted([*self.call, *(ret for ret in self.ret if ret != NEVER)])
        self.moments = [*moments, NEVER]
        self.place = {moment: place for place, moment in enumerate(self.moments)}
        self.free = list(range(len(self.moments)))
        """Of each moment, by its place in time, a later or the same one before which none is free."""
        self.held: list[Interval] = []
        """Intervals in which each element is inside, as found so far."""

    def decided(self) -> Decision:
        steps: list[tuple[int, int, int, int]] = []
        for number, element in enumerate(self.inside.elements):
            taken = self._gap(element.take_begin)
            if taken > element.take_end:
                return self._core(number, element.take_begin, element.take_end)
            put = min(element.put_end, taken)
            self._hold(put, taken, number)
            # A put at the moment of its own take, or that never returned, stands right before the take.
            steps.append((put, number if put == taken else -1, 0, element.put))
            if element.take >= 0:
                steps.append((taken, number, 1, element.take))
        behind = len(self.inside.elements)
        for operation in self.inside.empty:
            taken = self._gap(self.call[operation])
            if taken > self.ret[operation]:
                return self._core(-1, self.call[operation], self.ret[operation], operation)
            steps.append((taken, behind, 0, operation))
        steps.sort()
        return Decision(list(map(itemgetter(3), steps)))

    def _gap(self, moment: int) -> int:
        """The first moment from this one on at which nothing found so far is inside."""
        return self.moments[self._first_free(self.place[moment])]

    def _first_free(self, place: int) -> int:
        free = self.free
        found = place
        while free[found] != found:
            found = free[found]
        while free[place] != found:
            free[place], place = found, free[place]
        return found

    def _hold(self, begin: int, end: int, number: int) -> None:
        """Put this element inside between two moments."""
        self.held.append((begin, end, number))
        place, last = self._first_free(self.place[begin]), self.place[end]
        while place < last:
            self.free[place] = place + 1
            place = self._first_free(place)

    def _core(self, number: int, begin: int, end: int, operation: int = -1) -> Decision:
        """All that keeps a take waiting, and what keeps that waiting."""
        elements = self.inside.elements
        core: dict[int, QueueElement] = {} if number < 0 else {number: elements[number]}
        todo = [(number if number >= 0 else len(elements), begin, end)]
        while todo:
            rank, begin, end = todo.pop()
            for other in chain(sorted(self.held[:rank]), begin, end):
                if other in core:
                    continue
                core[other] = elements[other]
                waited = self.held[other][1]
                if waited > elements[other].take_begin:
                    todo.append((other, elements[other].take_begin, waited - 1))
        return refuted([operation, *(o for element in core.values() for o in element.operations())])
