"""Set: an element is in it from its add to its remove.

    add x      remove x      contains x → true or false      read → all elements

A read of nil is a read of the empty set. A read that lists an element twice is no read of a set.

Pitfall: what add and remove return. Most clients echo the argument, which says nothing; only with `answers=on` is the
result taken as whether the set changed.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import few, frozen, shown, thawed
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Difference, Independence, Model, Trace
from splitbrain.checkers.porcupine.monitors.elements import elements
from splitbrain.checkers.porcupine.monitors.few_elements import few_elements
from splitbrain.checkers.porcupine.monitors.grow_only import grow_only
from splitbrain.checkers.porcupine.monitors.whole_reads import whole_reads
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

ANSWERS = Option("answers", False, "whether add and remove return true or false: did the set change")

FIRST = 2
"""Configurations for each operation in which right histories with whole reads mostly find an order; what has none then
is tried by few elements."""

Elements = frozenset[Hashable]
"""The elements in hashable form: `1` and `true` are two."""


def stepper(answers: bool) -> Callable[[Elements, Call], object]:
    """The step of a set, whose add and remove return whether the set changed, or nothing of interest."""

    def step(elements: Elements, call: Call) -> object:
        if call.f == "read":
            return elements if elements == whole(call) else ILLEGAL
        element = frozen(call.argument)
        present = element in elements
        if call.f == "contains":
            return elements if answer(call) == present else ILLEGAL
        changes = present == (call.f == "remove")
        if answers and call.result is not UNSEEN and answer(call) != changes:
            return ILLEGAL
        if not changes:
            return elements
        return elements - {element} if present else elements | {element}

    return step


def whole(call: Call) -> Elements | None:
    """The elements that a read returned, None if it lists one twice; UsageError if it is no collection."""
    if call.result is None:
        return frozenset()
    if not isinstance(call.result, tuple | list | frozenset | set):
        raise UsageError(f"a read of a set returns its elements, not {shown(call.result)}")
    found = frozenset(map(frozen, call.result))
    return found if len(found) == len(call.result) else None


def answer(call: Call) -> bool:
    """The yes or no that came back; UsageError if it is neither."""
    if not isinstance(call.result, bool):
        raise UsageError(f"{call.f} returns true or false, not {shown(call.result)}")
    return call.result


def parts(call: Call) -> Sequence[Hashable]:
    """Elements that a call is about: all calls about one can go together. A read is about every element that it saw:
    elements that no read saw can go without it."""
    return tuple(whole(call) or map(frozen, call.result or ())) if call.f == "read" else (frozen(call.argument),)


def trace(call: Call, answers: bool) -> Trace:
    """The elements that are there or not after a call, and those of which it saw that."""
    if call.f == "read":
        seen = None if call.result is UNSEEN else whole(call)
        return Trace() if seen is None else Trace(seen=dict.fromkeys(seen, True), elsewhere=(False,))
    element, told = frozen(call.argument), call.result is not UNSEEN
    if call.f == "contains":
        return Trace(seen={element: answer(call)} if told else {})
    added = call.f == "add"
    return Trace({element: added}, {element: added != answer(call)} if answers and told else {})


def show(call: Call, answers: bool) -> str:
    """`add 3`, `contains 3 → true`, `read → {1 2}`; with answers also `add 3 → true`."""
    words = call.f if call.f == "read" else f"{call.f} {shown(call.argument)}"
    if call.result is UNSEEN or (call.f in ("add", "remove") and not answers):
        return words
    return f"{words} → {show_elements(call.result or ())}" if call.f == "read" else f"{words} → {shown(call.result)}"


def show_elements(elements: Sequence[Value]) -> str:
    """`{1 2 3}`, in order of the text."""
    return "{" + " ".join(sorted(map(shown, elements), key=lambda word: (len(word), word))) + "}"


def show_state(elements: Elements) -> str:
    """A state for people."""
    return show_elements([thawed(element) for element in sorted(elements, key=repr)])


def differs(states: Sequence[Elements], call: Call) -> Difference | None:
    """The elements that a read lacks, though they are in every state, or has, though they are in none."""
    seen = whole(call) if call.f == "read" else None
    if seen is None or not states:
        return None
    lacking, more = frozenset.intersection(*states) - seen, seen - frozenset.union(*states)
    words = [f"it lacks {few(lacking)}, which must be there"] if lacking else []
    words += [f"it has {few(more)}, which cannot be there"] if more else []
    return Difference(" and ".join(words), lacking | more) if words else None


def lin_set(settings: Mapping[str, Setting]) -> Model:
    """A set."""
    answers = bool(settings["answers"])
    return Model(
        name="lin-set",
        summary=LIN_SET.summary,
        operations=("add", "remove", "contains", "read"),
        initial=frozenset(),
        step=stepper(answers),
        observes=frozenset({"contains", "read"} | ({"add", "remove"} if answers else set())),
        pure=frozenset({"contains", "read"}),
        frozen=True,
        independence=Independence(parts=parts, traces=partial(trace, answers=answers)),
        monitors=(grow_only, elements, partial(whole_reads, each=FIRST), few_elements, whole_reads),
        hard="reads of the whole that are open at once may stand in too many orders: fewer clients at a time, or "
        "contains in place of read, are decided",
        show_call=partial(show, answers=answers),
        differs=differs,
        show_state=show_state,
    )


LIN_SET = CatalogueEntry("lin-set", "a set: add, remove, contains, read of the whole", (ANSWERS,), lin_set)
