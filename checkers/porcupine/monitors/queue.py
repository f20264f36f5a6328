"""Monitor of first-in-first-out queues of different elements, in O(n log n).

The bad patterns are those of Henzinger, Sezgin & Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013,
§4 (VFresh, VRepet, VOrd, VWit); the proof here is by construction. Let each enqueue end no later than its dequeue, and
each dequeue begin no earlier than its enqueue: no legal order is lost. What is never dequeued is dequeued after all.

- *An empty dequeue* needs a moment at which nothing is certainly inside: no element whose enqueue has returned and
  whose dequeue is not yet invoked. Necessary: at the moment it takes effect each such element would be in the queue.
  The first such moment from its invocation on is taken. It cuts the history: an element goes before it if its dequeue
  was invoked by then, else after it, where its enqueue cannot have returned yet.
- *Order.* a must come before b if its enqueue returned before that of b was invoked, or likewise with the dequeues.
  Necessary: first in, first out. Elements are taken one by one, each that none left must precede. If there is none,
  take a, the enqueue of which returned first of those left, and b, the dequeue of which did: neither may be taken, so
  the enqueue of b began after that of a returned, and the dequeue of a after that of b did: two elements refute.
- *Sufficient.* An order of elements that respects this is laid out with every enqueue, and every dequeue, at the first
  moment by which it and all like it before it were invoked (and the cut before was passed). By the order each is
  before its return; by the cuts, a dequeue that was invoked before a cut is not after it.

A crashed enqueue that nobody dequeued is dropped: without it, what others found is as legal. One that was dequeued did
happen, and never returned. A crashed dequeue may have taken any element: see `crashed_takes`. All calls about some
values can go together, so those of the elements named above are a core. Pitfall: the value that means `empty`.
"""

from bisect import bisect_left
from collections.abc import Callable
from heapq import heappop, heappush

from splitbrain.checkers.porcupine.monitors.cover import Cover, chain
from splitbrain.checkers.porcupine.monitors.crashed_takes import Turns, decide_container
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure, refuted
from splitbrain.checkers.porcupine.monitors.queue_contents import ContainerNames, Contents, QueueElement
from splitbrain.harness.operation import Value


def queue_monitor(put: str, take: str, empty: Value) -> Procedure:
    """The procedure for a queue with these operations, of which `take` returns `empty` when there is nothing."""
    names = ContainerNames(put, take, empty)

    def procedure(case: MonitorInput) -> Decision | None:
        return decide_container(case, names, _decided, _TURNS)

    return procedure


_TURNS = Turns(turn=lambda e: e.put_begin, limit=lambda e: e.put_end)
"""Turns by which elements put in later go later."""


def _decided(case: MonitorInput, inside: Contents) -> Decision:
    call, ret = case.problem.call, case.problem.ret
    elements = inside.elements
    cover = Cover((e.put_end, e.take_begin, n) for n, e in enumerate(elements) if e.put_end < e.take_begin)
    cuts: dict[int, list[int]] = {}
    for operation in inside.empty:
        gap = cover.first_gap(call[operation])
        if gap > ret[operation]:
            holding = chain(cover.intervals, call[operation], ret[operation])
            return refuted([operation, *(o for n in holding for o in elements[n].operations())])
        cuts.setdefault(gap, []).append(operation)
    moments = sorted(cuts)
    blocks: list[list[QueueElement]] = [[] for _ in range(len(moments) + 1)]
    for element in elements:
        blocks[bisect_left(moments, element.take_begin)].append(element)
    order: list[int] = []
    for number, block in enumerate(blocks):
        ordered = in_order(block)
        if isinstance(ordered, Decision):
            return ordered
        order += laid_out(ordered, moments[number - 1] if number else -1)
        if number < len(moments):
            order += cuts[moments[number]]
    return Decision(order)


def in_order(elements: list[QueueElement]) -> list[QueueElement] | Decision:
    """The elements in an order that first in, first out permits; or the two that refute."""
    left = len(elements)
    out: list[QueueElement] = []
    first_put, first_take = _heap(elements, lambda e: e.put_end), _heap(elements, lambda e: e.take_end)
    by_put = sorted(range(left), key=lambda n: elements[n].put_begin)
    ready: list[tuple[int, int]] = []
    gone = bytearray(left)
    following = 0
    while left:
        while gone[first_put[0][1]]:
            heappop(first_put)
        while gone[first_take[0][1]]:
            heappop(first_take)
        (put_end, a), (take_end, b) = first_put[0], first_take[0]
        while following < len(by_put) and elements[by_put[following]].put_begin <= put_end:
            heappush(ready, (elements[by_put[following]].take_begin, by_put[following]))
            following += 1
        if not ready or ready[0][0] > take_end:
            return refuted((*elements[a].operations(), *elements[b].operations()))
        taken = heappop(ready)[1]
        gone[taken] = 1
        out.append(elements[taken])
        left -= 1
    return out


def _heap(elements: list[QueueElement], end: Callable[[QueueElement], int]) -> list[tuple[int, int]]:
    return sorted((end(element), number) for number, element in enumerate(elements))


def laid_out(elements: list[QueueElement], begin: int) -> list[int]:
    """Puts and takes of elements in their order, none before `begin`, each as early as can be."""
    moments = []
    put = take = begin
    for place, element in enumerate(elements):
        put = max(put, element.put_begin)
        take = max(take, element.take_begin, put)
        moments.append((put, place, 0, element.put))
        if element.take >= 0:
            moments.append((take, place, 1, element.take))
    moments.sort()
    return [operation for _, _, _, operation in moments]
