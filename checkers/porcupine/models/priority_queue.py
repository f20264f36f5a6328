"""Priority queue: a dequeue returns the smallest element, or with `first=largest` the largest.

    enqueue x      dequeue → x      peek → x      size, len → n

Elements are numbers, each its own priority. A dequeue that returned the value `empty` (nil unless set) found nothing.
Pitfall: `1` and `1.0` are two elements; so that the order is total, the integer comes first.
"""

from bisect import insort
from collections.abc import Callable, Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models import looks
from splitbrain.checkers.porcupine.models.looks import LOOKS, sees
from splitbrain.checkers.porcupine.models.queue import EMPTY, show
from splitbrain.checkers.porcupine.monitors.priority_queue import priority_queue_monitor
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

FIRST = Option("first", "smallest", "which element a dequeue takes", ("smallest", "largest"))

Items = tuple[float, ...]
"""In the order in which they will be taken."""


def rank(sign: int) -> Callable[[Value], tuple[float, bool]]:
    """The place of an element among the others, as something to sort by: sign 1 for smallest first, -1 for largest."""

    def of(element: Value) -> tuple[float, bool]:
        if isinstance(element, bool) or not isinstance(element, int | float):
            raise UsageError(f"a priority queue holds numbers, not {shown(element)}")
        return sign * element, isinstance(element, float)

    return of


def stepper(sign: int, empty: Value) -> Callable[[Items, Call], object]:
    """The step of a priority queue whose dequeue returns `empty` when there is nothing."""
    place = rank(sign)

    def step(items: Items, call: Call) -> object:
        if call.f == "enqueue":
            place(call.argument)
            following = list(items)
            insort(following, call.argument, key=place)
            return tuple(following)
        if call.f in LOOKS:
            return items if sees(call, items, 0, empty) else ILLEGAL
        if not items:
            return items if call.result is UNSEEN or same(call.result, empty) else ILLEGAL
        if call.result is UNSEEN or same(call.result, items[0]):
            return items[1:]
        return ILLEGAL

    return step


def parts(call: Call) -> Sequence[Hashable] | None:
    """Values that a call is about: all calls about one can go together, and the smallest of the others stays the
    smallest of them. A crashed dequeue may have taken any value, and stays."""
    if call.f in LOOKS:
        return looks.parts(call)
    if call.f == "enqueue":
        return (frozen(call.argument),)
    return () if call.result is UNSEEN else (frozen(call.result),)


def priority_queue(settings: Mapping[str, Setting]) -> Model:
    """A priority queue."""
    sign, empty = -1 if settings["first"] == "largest" else 1, meant(settings["empty"])
    return Model(
        name="priority-queue",
        summary=PRIORITY_QUEUE.summary,
        operations=("enqueue", "dequeue", *LOOKS),
        initial=(),
        step=stepper(sign, empty),
        observes=frozenset({"dequeue", *LOOKS}),
        pure=frozenset(LOOKS),
        independence=Independence(parts=parts),
        monitors=(priority_queue_monitor("enqueue", "dequeue", empty, rank(sign)),),
        hard="which of values that repeat was taken, and which by crashed takes, shows late: few clients are decided",
        show_call=show,
        show_state=shown,
    )


PRIORITY_QUEUE = CatalogueEntry(
    "priority-queue",
    "a priority queue of numbers: enqueue, dequeue the smallest, peek, size",
    (FIRST, EMPTY),
    priority_queue,
)
