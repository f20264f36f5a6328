"""First-in-first-out queue: a dequeue returns the element that was enqueued first.

    enqueue x      dequeue → x      peek → x      size, len → n

Pitfall: a dequeue that found nothing. One that returned the value `empty` (nil unless set) says that the queue was
empty, or that this very value was enqueued.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models import looks
from splitbrain.checkers.porcupine.models.looks import LOOKS, sees
from splitbrain.checkers.porcupine.monitors.queue import queue_monitor
from splitbrain.checkers.porcupine.monitors.repeating_queue import repeating_queue_monitor
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

EMPTY = Option("empty", "nil", "what a dequeue of an empty queue returns")

Items = tuple[Value, ...]


def stepper(empty: Value) -> Callable[[Items, Call], object]:
    """The step of a queue whose dequeue returns `empty` when there is nothing."""

    def step(items: Items, call: Call) -> object:
        if call.f == "enqueue":
            return (*items, call.argument)
        if call.f in LOOKS:
            return items if sees(call, items, 0, empty) else ILLEGAL
        if not items:
            return items if call.result is UNSEEN or same(call.result, empty) else ILLEGAL
        if call.result is UNSEEN or same(call.result, items[0]):
            return items[1:]
        return ILLEGAL

    return step


def parts(call: Call) -> Sequence[Hashable] | None:
    """Values that a call is about: all calls about one can go together, and the others keep their order. A crashed
    dequeue may have taken any value, and stays."""
    if call.f in LOOKS:
        return looks.parts(call)
    if call.f == "enqueue":
        return (frozen(call.argument),)
    return () if call.result is UNSEEN else (frozen(call.result),)


def show(call: Call) -> str:
    """`enqueue 3`, `dequeue → 3`."""
    if call.f in LOOKS:
        return looks.show(call)
    if call.f == "enqueue":
        return f"enqueue {shown(call.argument)}"
    return "dequeue" if call.result is UNSEEN else f"dequeue → {shown(call.result)}"


def fifo_queue(settings: Mapping[str, Setting]) -> Model:
    """A queue."""
    empty = meant(settings["empty"])
    return Model(
        name="fifo-queue",
        summary=FIFO_QUEUE.summary,
        operations=("enqueue", "dequeue", *LOOKS),
        initial=(),
        step=stepper(empty),
        observes=frozenset({"dequeue", *LOOKS}),
        pure=frozenset(LOOKS),
        independence=Independence(parts=parts),
        monitors=tuple(of("enqueue", "dequeue", empty) for of in (queue_monitor, repeating_queue_monitor)),
        hard="of values that repeat, crashed dequeues may have taken any: values that come once are decided",
        show_call=show,
        show_state=shown,
    )


FIFO_QUEUE = CatalogueEntry(
    "fifo-queue", "a first-in-first-out queue: enqueue, dequeue, peek, size", (EMPTY,), fifo_queue
)
