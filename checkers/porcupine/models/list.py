"""Append-only list: a read returns everything appended before it, in order.

    append element      read → [elements]

A read of nil is a read of the empty list. Pitfall: elements need not be distinct for the model, but a history in which
they are is decided far more easily.
"""

from collections.abc import Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import few, frozen, shown, thawed
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Difference, Independence, Model
from splitbrain.checkers.porcupine.monitors.appends import appends
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting

Elements = tuple[Hashable, ...]
"""The elements in hashable form: `1` and `true` are two."""

LONG = 8
"""The length from which on two lists cannot be told apart by eye."""


def step(elements: Elements, call: Call) -> object:
    """Next elements: an append adds to the end, a read must return all of them."""
    if call.f == "read":
        return elements if elements == whole(call) else ILLEGAL
    return (*elements, frozen(call.argument))


def whole(call: Call) -> Elements:
    """The elements that a read returned; UsageError if it is no list."""
    if call.result is None:
        return ()
    if not isinstance(call.result, tuple | list):
        raise UsageError(f"a read of a list returns its elements, not {shown(call.result)}")
    return tuple(map(frozen, call.result))


def parts(call: Call) -> Sequence[Hashable]:
    """Elements that a call is about: all appends of one can go together with the reads that saw it, for reads before
    the first of them did not, and reads after it did, for nothing is ever taken away."""
    return whole(call) if call.f == "read" else (frozen(call.argument),)


def show(call: Call) -> str:
    """`append 3`, `read → [1 2]`."""
    if call.f == "append":
        return f"append {shown(call.argument)}"
    return "read" if call.result is UNSEEN else f"read → {shown(call.result or ())}"


def show_state(elements: Elements) -> str:
    """A state for people."""
    return f"[{' '.join(shown(thawed(element)) for element in elements)}]"


def differs(states: Sequence[Elements], call: Call) -> Difference | None:
    """The elements that a read lacks, though they are in every state, or has, though they are in none; else, in a list
    too long to compare by eye, the first place at which it is like no state."""
    seen = whole(call) if call.f == "read" else None
    if seen is None or not states:
        return None
    had, kept = frozenset(seen), [frozenset(state) for state in states]
    lacking, more = frozenset.intersection(*kept) - had, had - frozenset.union(*kept)
    words = [f"it lacks {few(lacking)}, which must be there"] if lacking else []
    words += [f"it has {few(more)}, which cannot be there"] if more else []
    if words:
        return Difference(" and ".join(words), lacking | more)
    if len(seen) <= LONG:
        return None
    place = next((n for n, element in enumerate(seen) if all(state[n : n + 1] != (element,) for state in states)), None)
    if place is None:
        return None
    due = sorted({element for state in states for element in state[place : place + 1]}, key=repr)
    told = " or ".join(shown(thawed(element)) for element in due) or "nothing"
    words = [f"element {place + 1:,} is {shown(thawed(seen[place]))}, where it must be {told}"]
    return Difference(words[0], frozenset((seen[place], *due)))


def lin_list(settings: Mapping[str, Setting]) -> Model:
    """An append-only list."""
    return Model(
        name="lin-list",
        summary=LIN_LIST.summary,
        operations=("append", "read"),
        initial=(),
        step=step,
        observes=frozenset({"read"}),
        pure=frozenset({"read"}),
        frozen=True,
        independence=Independence(parts=parts, blind=frozenset({"append"})),
        monitors=(appends,),
        show_call=show,
        differs=differs,
        show_state=show_state,
    )


LIN_LIST = CatalogueEntry("lin-list", "an append-only list: append, read of the whole", (), lin_list)
