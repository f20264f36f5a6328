"""Stack: a pop returns the element that was pushed last.

    push x      pop → x      peek → x      size, len → n

Pitfall, as with a queue: a pop that returned the value `empty` (nil unless set) says that the stack was empty, or that
this very value was pushed.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models import looks
from splitbrain.checkers.porcupine.models.looks import LOOKS, sees
from splitbrain.checkers.porcupine.monitors.repeating_stack import repeating_stack_monitor
from splitbrain.checkers.porcupine.monitors.stack import stack_monitor
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

EMPTY = Option("empty", "nil", "what a pop of an empty stack returns")

Items = tuple[Value, ...]


def stepper(empty: Value) -> Callable[[Items, Call], object]:
    """The step of a stack whose pop returns `empty` when there is nothing."""

    def step(items: Items, call: Call) -> object:
        if call.f == "push":
            return (*items, call.argument)
        if call.f in LOOKS:
            return items if sees(call, items, -1, empty) else ILLEGAL
        if not items:
            return items if call.result is UNSEEN or same(call.result, empty) else ILLEGAL
        if call.result is UNSEEN or same(call.result, items[-1]):
            return items[:-1]
        return ILLEGAL

    return step


def parts(call: Call) -> Sequence[Hashable] | None:
    """Values that a call is about: all calls about one can go together, and what lies above and below it closes up. A
    crashed pop may have taken any value, and stays."""
    if call.f in LOOKS:
        return looks.parts(call)
    if call.f == "push":
        return (frozen(call.argument),)
    return () if call.result is UNSEEN else (frozen(call.result),)


def show(call: Call) -> str:
    """`push 3`, `pop → 3`."""
    if call.f in LOOKS:
        return looks.show(call)
    if call.f == "push":
        return f"push {shown(call.argument)}"
    return "pop" if call.result is UNSEEN else f"pop → {shown(call.result)}"


def stack(settings: Mapping[str, Setting]) -> Model:
    """A stack."""
    empty = meant(settings["empty"])
    return Model(
        name="stack",
        summary=STACK.summary,
        operations=("push", "pop", *LOOKS),
        initial=(),
        step=stepper(empty),
        observes=frozenset({"pop", *LOOKS}),
        pure=frozenset(LOOKS),
        independence=Independence(parts=parts),
        monitors=tuple(of("push", "pop", empty) for of in (stack_monitor, repeating_stack_monitor)),
        hard="the order of pushes of values that repeat shows late, if at all: values that come once are decided",
        show_call=show,
        show_state=shown,
    )


STACK = CatalogueEntry("stack", "a last-in-first-out stack: push, pop, peek, size", (EMPTY,), stack)
