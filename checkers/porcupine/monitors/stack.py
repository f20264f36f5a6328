"""Monitor of stacks of different elements: removes the outermost elements, layer by layer.

In the spirit of Lee & Mathur, "Efficient decrease-and-conquer linearizability monitoring", OOPSLA 2025 (arXiv
2410.04581): find elements without which the history is as linearizable as with them, and go on without them. The proof:

- *What fits anywhere.* If a push and its pop are open together, they can stand side by side at such a moment, whatever
  is on the stack. So these elements are left out, and put in at the end, at the later of the two invocations. Every
  other element is certainly inside from the return of its push to the invocation of its pop: its *hold*.
- *A gap* is a moment in no hold. Elements before it were popped by operations invoked before it, those after it pushed
  by ones that returned after it, so that no operation after it precedes one before it in real time: the history is
  linearizable if and only if both sides are. An empty pop needs a gap between its invocation and its return, for at the
  moment it takes effect no hold is open; the first one is as good as any, since nothing else is there.
- *Without a gap* the stack is never empty in between (the moment would be a gap), so the first push and the last pop
  are of one element, the bottom. Its push was invoked before any other operation returned, and its pop returned after
  every other was invoked. Conversely an element of which this is true can go around any order of the others. So all
  such elements go, one around the other, and what is between them is decided in the same way. If there is none, it is
  not linearizable.

Nothing is lost by leaving out elements: a legal order stays legal without all calls about one value. An element that is
never popped is popped after all. A crashed push that nobody popped is dropped: without it, what others found is as
legal. One that was popped did happen, and never returned. A crashed pop may have taken any element: `crashed_takes`.

Why not linearizable, in short: let a be pushed by the first push to return, and b popped by the last pop invoked. None
of the elements whose holds fill the span between, nor a or b, is a bottom of these elements: they are a core.

The cost is O(n log n) for each layer of elements; as many layers as the stack is deep. Pitfall: a deep recursion, so
there is none.
"""

from dataclasses import dataclass

from splitbrain.checkers.porcupine.monitors.cover import Cover, chain
from splitbrain.checkers.porcupine.monitors.crashed_takes import Turns, decide_container
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure, refuted
from splitbrain.checkers.porcupine.monitors.queue_contents import ContainerNames, Contents, QueueElement
from splitbrain.harness.operation import Value


def stack_monitor(put: str, take: str, empty: Value) -> Procedure:
    """The procedure for a stack with these operations, of which `take` returns `empty` when there is nothing."""
    names = ContainerNames(put, take, empty)

    def procedure(case: MonitorInput) -> Decision | None:
        return decide_container(case, names, _decided, _TURNS, newest=True)

    return procedure


_TURNS = Turns(turn=lambda e: -e.put_end, limit=lambda e: -e.put_begin)
"""Turns by which elements pushed before another are below it, and go later."""


@dataclass(slots=True)
class _Layer:
    """Elements without a gap between them (sorted by the return of their push), still to be decided; or an operation
    that is already known to come here."""

    elements: list[QueueElement]
    known: int = -1


def _decided(case: MonitorInput, inside: Contents) -> Decision | None:
    call, ret = case.problem.call, case.problem.ret
    held = sorted((e for e in inside.elements if e.put_end < e.take_begin), key=lambda e: e.put_end)
    cover = Cover((e.put_end, e.take_begin, n) for n, e in enumerate(held))
    empty: list[tuple[int, int]] = []
    for operation in inside.empty:
        gap = cover.first_gap(call[operation])
        if gap > ret[operation]:
            holding = chain(cover.intervals, call[operation], ret[operation])
            return refuted([operation, *(o for n in holding for o in held[n].operations())])
        empty.append((gap, operation))
    order: list[int] = []
    todo = _apart(held, sorted(empty))
    todo.reverse()
    while todo:
        layer = todo.pop()
        if layer.known >= 0:
            order.append(layer.known)
            continue
        if case.spending.exhausted():
            return None
        first = min(e.put_end for e in layer.elements)
        last = max(e.take_begin for e in layer.elements)
        bottoms = [e for e in layer.elements if e.put_begin < first and e.take_end >= last]
        if not bottoms:
            return _no_bottom(layer.elements, last)
        order += [e.put for e in bottoms]
        todo += [_Layer([], e.take) for e in bottoms if e.take >= 0]
        todo += reversed(_apart([e for e in layer.elements if not (e.put_begin < first and e.take_end >= last)], []))
    return Decision(_with_fitting(case, order, [e for e in inside.elements if e.put_end >= e.take_begin]))


def _apart(elements: list[QueueElement], empty: list[tuple[int, int]]) -> list[_Layer]:
    """Elements split at the gaps between their holds, and the empty pops (moment, operation) in the gaps."""
    out: list[_Layer] = []
    end, following = -1, 0
    for element in elements:
        if element.put_end > end:
            while following < len(empty) and empty[following][0] < element.put_end:
                out.append(_Layer([], empty[following][1]))
                following += 1
            out.append(_Layer([]))
        out[-1].elements.append(element)
        end = max(end, element.take_begin)
    return out + [_Layer([], operation) for _, operation in empty[following:]]


def _no_bottom(elements: list[QueueElement], last: int) -> Decision:
    """The core of elements of which none can be the bottom; they are sorted by the return of their push."""
    holds = [(e.put_end, e.take_begin, n) for n, e in enumerate(elements)]
    chosen = {0, max(range(len(elements)), key=lambda n: elements[n].take_begin), *chain(holds, holds[0][0], last - 1)}
    return refuted(o for n in chosen for o in elements[n].operations())


def _with_fitting(case: MonitorInput, order: list[int], fitting: list[QueueElement]) -> list[int]:
    """The order with the elements that fit anywhere, side by side behind all that began no later."""
    call = case.problem.call
    later = sorted((e.take_begin, e.put, e.take) for e in fitting)
    out: list[int] = []
    moment, following = -1, 0
    for operation in order:
        moment = max(moment, call[operation])
        while following < len(later) and later[following][0] < moment:
            out += later[following][1:]
            following += 1
        out.append(operation)
    for _, put, take in later[following:]:
        out += [put, take]
    return out
