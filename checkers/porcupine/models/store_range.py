"""Ranges of key-value stores: which keys one is about, and what it saw.

A range without an argument is about all keys, one with `[from, to]` about those from the first up to, but without, the
second. It sees a map `{key value}`, or `[[key value] …]`, or with revisions `[[key value revision] …]`.
"""

from collections.abc import Sequence

from splitbrain.checkers.common.values import shown
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value

Seen = tuple[Value, Value, int | None]
"""Key, value, and revision if one was told."""


def limits_of(argument: Value) -> tuple[Value, Value] | None:
    """The limits of a range with this argument, None without; UsageError if it is no range."""
    if argument is None:
        return None
    if not isinstance(argument, tuple | list) or len(argument) != 2:
        raise UsageError(f"a range takes [from, to] or nothing, not {shown(argument)}")
    return argument[0], argument[1]


def within(key: Value, argument: Value) -> bool:
    """Whether a range with this argument is about a key; UsageError if it is no range, or keys are no texts."""
    limits = limits_of(argument)
    if limits is None:
        return True
    least, end = limits
    if not all(isinstance(word, str) for word in (key, least, end)):
        raise UsageError(f"a range with limits is about keys that are texts, not {shown(key)} in {shown(argument)}")
    return bool(least <= key < end)


def seen_entries(call: Call) -> Sequence[Seen]:
    """The entries that a range saw; UsageError if these are neither a map nor a list of entries, or it is no range."""
    limits_of(call.argument)  # of an empty store nobody asks which keys are within
    found = call.result
    if found is None:
        return ()
    if isinstance(found, dict):
        return [(key, value, None) for key, value in found.items()]
    if isinstance(found, tuple | list) and all(
        isinstance(part, tuple | list) and len(part) in (2, 3) for part in found
    ):
        return [(part[0], part[1], _revision(part)) for part in found]
    raise UsageError(f"a range returns a map, or [[key value] …], not {shown(found)}")


def _revision(entry: Sequence[Value]) -> int | None:
    if len(entry) == 2:
        return None
    if type(entry[2]) is not int:
        raise UsageError(f"a revision is an integer, not {shown(entry[2])}")
    return entry[2]


def range_shown(call: Call) -> str:
    """`range a to c → {a 1, b 2 (revision 3)}`."""
    limits = limits_of(call.argument)
    words = "range" if limits is None else f"range {shown(limits[0])} to {shown(limits[1])}"
    if call.result is UNSEEN:
        return words
    entries = (
        f"{shown(key)} {shown(value)}" + ("" if revision is None else f" (revision {revision})")
        for key, value, revision in seen_entries(call)
    )
    return f"{words} → {{{', '.join(entries)}}}"
