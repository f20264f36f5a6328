"""Values of a history: equality, hashable forms, how a setting on the command line is read, and formatting for people.

Pitfall: Python finds `1 == 1.0 == True`. A history does not, so models compare with `same`.
"""

import json
from collections.abc import Hashable, Iterable
from typing import Any

from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting


def same(a: Value, b: Value) -> bool:
    """Whether two values are one: the same type and the same canonical form."""
    if a is b:
        return True
    if type(a) is not type(b) or a != b:
        return False
    if isinstance(a, tuple):
        return all(map(same, a, b))
    if isinstance(a, dict):
        return all(same(a[key], b[key]) for key in a) and frozen(a) == frozen(b)
    if isinstance(a, frozenset):
        return bool(frozen(a) == frozen(b))
    return True


OWN_FORM = (int, str)


def frozen(value: Value) -> Any:
    """A hashable form of a value; two are equal if and only if the values are the same. Integers and texts, of which
    most values are, are their own."""
    if type(value) in OWN_FORM:
        return value
    if isinstance(value, tuple | list):
        return ("tuple", *map(frozen, value))
    if isinstance(value, frozenset | set):
        return ("set", frozenset(map(frozen, value)))
    if isinstance(value, dict):
        return ("map", frozenset((frozen(key), frozen(inner)) for key, inner in value.items()))
    return (type(value).__name__, value)


def meant(setting: Setting) -> Value:
    """The value that a setting means: `nil`, `true`, numbers and "quoted text" as JSON has them, any other word itself.

    From the command line all settings are words: `--set initial=0` is the number, `--set 'initial="0"'` the text.
    """
    if not isinstance(setting, str):
        return setting
    if setting in ("nil", "null"):
        return None
    try:
        found = json.loads(setting)
    except ValueError:
        return setting
    return tuple(found) if isinstance(found, list) else found


_WORDS = frozenset({"nil", "true", "false", "inf", "nan"})
"""Words that as texts are told from the values that are shown so."""


def shown(value: Value) -> str:
    """A value for people: nil, true, 5, "text" only where it is needed to tell it from a word, [1 2], {a 1}, {1 2}."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if value.isidentifier() and value not in _WORDS else json.dumps(value, ensure_ascii=False)
    return _collection(value) if isinstance(value, tuple | list | dict | frozenset | set) else str(value)


def _collection(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shown(key)} {shown(inner)}" for key, inner in value.items()) + "}"
    words = list(map(shown, value))
    if isinstance(value, tuple | list):
        return f"[{' '.join(words)}]"
    return "{" + " ".join(sorted(words, key=lambda word: (len(word), word))) + "}"


def thawed(form: Any) -> Value:
    """The value of a hashable form, as `frozen` made it."""
    if type(form) in OWN_FORM:
        return form
    kind, *inner = form
    if kind == "tuple":
        return tuple(map(thawed, inner))
    if kind == "set":
        return frozenset(map(thawed_key, inner[0]))
    if kind == "map":
        return {thawed_key(key): thawed(value) for key, value in sorted(inner[0], key=repr)}
    return inner[0]


def thawed_key(form: Any) -> Any:
    """The inverse of `frozen` for what is a key or an element; a map or set in it stays in its hashable form."""
    if type(form) in OWN_FORM:
        return form
    kind = form[0]
    return tuple(map(thawed_key, form[1:])) if kind == "tuple" else form if kind in ("set", "map") else form[1]


def counted(count: int, noun: str) -> str:
    """A number of things: `1 element`, `2,000 elements`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def few(elements: Iterable[Hashable]) -> str:
    """Some hashable values in words, `1, 2 and 7 more`."""
    told = [shown(thawed(element)) for element in sorted(elements, key=repr)]
    return ", ".join(told) if len(told) <= 5 else f"{', '.join(told[:4])} and {len(told) - 4:,} more"
