"""Key-value store as `kv`, with deletes, ranges and writes that return what they found.

A state holds the keys that are there; one that is not has the initial value. Pitfall: a range is about all keys, so
with ranges the keys are no objects of their own, which is slower.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping

from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.models import register
from splitbrain.checkers.porcupine.models.store_range import range_shown, seen_entries, within
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

ANSWERS = Option(
    "answers", "none", "what put and delete return: nothing of interest, or what was there before", ("none", "old")
)

Entries = tuple[tuple[Hashable, Value, Value], ...]
"""Hashable form, key and value of each key that is there, in a fixed order."""


def stepper(initial: Value, *, old: bool) -> Callable[[Entries, Call], object]:
    """The step of a store whose keys begin with one value. old: whether put and delete return what they found."""

    def step(entries: Entries, call: Call) -> object:
        if call.f == "range":
            return entries if _matches(entries, call) else ILLEGAL
        name = frozen(call.key)
        value = next((value for other, _, value in entries if other == name), initial)
        if call.f == "get":
            return entries if same(call.result, value) else ILLEGAL
        if call.f == "cas":
            return _compared(entries, name, call, value)
        if old and call.f != "append" and call.result is not UNSEEN and not same(call.result, value):
            return ILLEGAL
        left = tuple(entry for entry in entries if entry[0] != name)
        if call.f == "delete":
            return left
        return _with(left, name, call.key, call.argument if call.f == "put" else appended(value, call))

    return step


def appended(value: Value, call: Call) -> str:
    """The value after an append; UsageError if it is no text."""
    if not isinstance(call.argument, str):
        raise UsageError(f"an append takes text, not {shown(call.argument)}")
    return written(value) + call.argument


def written(value: Value) -> str:
    """A value as the text that an append goes on from."""
    if value is None:
        return ""
    return value if isinstance(value, str) else shown(value)


def _compared(entries: Entries, name: Hashable, call: Call, value: Value) -> object:
    left = register.step(value, call)
    if left is ILLEGAL or call.refused:
        return ILLEGAL if left is ILLEGAL else entries
    return _with((entry for entry in entries if entry[0] != name), name, call.key, left)


def _with(entries: Iterable[tuple[Hashable, Value, Value]], name: Hashable, key: Value, value: Value) -> Entries:
    return tuple(sorted((*entries, (name, key, value)), key=lambda entry: repr(entry[0])))


def _matches(entries: Entries, call: Call) -> bool:
    found = seen_entries(call)
    there = [(key, value) for _, key, value in entries if within(key, call.argument)]
    return len(found) == len(there) and all(
        any(same(key, other) and same(value, saw) for other, saw, _ in found) for key, value in there
    )


def show(call: Call) -> str:
    """`put k 3`, `get k → x`, `delete k → 3`, `range → {a 1}`."""
    if call.f == "range":
        return range_shown(call)
    name = call.f if call.key is None else f"{call.f} {shown(call.key)}"
    if call.f == "cas":
        old, new = register.pair(call)
        return f"{name} {shown(old)} → {shown(new)}{register.refusal(call)}"
    words = name if call.f in ("get", "delete") else f"{name} {shown(call.argument)}"
    if call.result is UNSEEN or call.f == "append" or (call.f == "put" and same(call.result, call.argument)):
        return words
    return words if call.f == "delete" and call.result is None else f"{words} → {shown(call.result)}"


def show_state(entries: Entries) -> str:
    """`{a 1, b 2}`."""
    if len(entries) == 1 and entries[0][1] is None:
        return shown(entries[0][2])
    return "{" + ", ".join(f"{shown(key)} {shown(value)}" for _, key, value in entries) + "}"


def whole_store(summary: str, settings: Mapping[str, Setting], *, by_key: bool) -> Model:
    """The store. by_key: whether nothing is about several keys."""
    old = settings["answers"] == "old"
    return Model(
        name="kv",
        summary=summary,
        operations=("get", "put", "append", "cas", "delete", "range"),
        initial=(),
        step=stepper(meant(settings["initial"]), old=old),
        observes=frozenset({"get", "cas", "range"} | ({"put", "delete"} if old else set())),
        pure=frozenset({"get", "range"}),
        by_key=by_key,
        **register.observing(settings),
        wider=(lambda names: whole_store(summary, settings, by_key=False) if "range" in names else None)
        if by_key
        else None,
        show_call=show,
        show_state=show_state,
    )
