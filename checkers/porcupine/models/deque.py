"""Double-ended queue: elements are put in and taken out at both ends.

    addFirst x   addLast x   pollFirst → x   pollLast → x   peekFirst → x   peekLast → x   size, len → n

The names are those of Java; `add-first` and so on mean the same. A take or a peek that returned the value `empty` (nil
unless set) found nothing.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models.looks import SIZES, sees
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

EMPTY = Option("empty", "nil", "what a take from an empty deque returns")

_FIRST, _LAST = 0, -1
_ADDS = {"addFirst": _FIRST, "addLast": _LAST, "add-first": _FIRST, "add-last": _LAST}
_POLLS = {"pollFirst": _FIRST, "pollLast": _LAST, "poll-first": _FIRST, "poll-last": _LAST}
_PEEKS = {"peekFirst": _FIRST, "peekLast": _LAST, "peek-first": _FIRST, "peek-last": _LAST}

Items = tuple[Value, ...]


def stepper(empty: Value) -> Callable[[Items, Call], object]:
    """The step of a deque whose takes return `empty` when there is nothing."""

    def step(items: Items, call: Call) -> object:
        if call.f in _ADDS:
            return (call.argument, *items) if _ADDS[call.f] == _FIRST else (*items, call.argument)
        if call.f in _PEEKS or call.f in SIZES:
            return items if sees(call, items, _PEEKS.get(call.f, _FIRST), empty) else ILLEGAL
        end = _POLLS[call.f]
        found = items[end] if items else empty
        if call.result is not UNSEEN and not same(call.result, found):
            return ILLEGAL
        return items[1:] if end == _FIRST else items[:-1]

    return step


def parts(call: Call) -> Sequence[Hashable] | None:
    """Values that a call is about: all calls about one can go together, and the others keep their order. A crashed take
    may have taken any value, and stays; a size is about all of them."""
    if call.f in SIZES:
        return None
    if call.f in _ADDS:
        return (frozen(call.argument),)
    return () if call.result is UNSEEN else (frozen(call.result),)


def show(call: Call) -> str:
    """`addFirst 3`, `pollLast → 3`."""
    if call.f in _ADDS:
        return f"{call.f} {shown(call.argument)}"
    return call.f if call.result is UNSEEN else f"{call.f} → {shown(call.result)}"


def deque(settings: Mapping[str, Setting]) -> Model:
    """A deque."""
    return Model(
        name="deque",
        summary=DEQUE.summary,
        operations=(*_ADDS, *_POLLS, *_PEEKS, *SIZES),
        initial=(),
        step=stepper(meant(settings["empty"])),
        observes=frozenset((*_POLLS, *_PEEKS, *SIZES)),
        pure=frozenset((*_PEEKS, *SIZES)),
        independence=Independence(parts=parts),
        hard="the order of concurrent adds shows late, when their elements meet an end: few clients are decided",
        show_call=show,
        show_state=shown,
    )


DEQUE = CatalogueEntry(
    "deque", "a double-ended queue: addFirst, addLast, pollFirst, pollLast, peekFirst, peekLast, size", (EMPTY,), deque
)
