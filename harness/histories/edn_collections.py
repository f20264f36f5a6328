"""Maps and sets of EDN, of the items between their brackets."""

from typing import Any

from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.operation import Value


def map_of(items: list[Any]) -> dict[Any, Value]:
    """The map of keys and values in turn. Unreadable for a key twice, or without a value."""
    try:
        out = dict(zip(items[::2], items[1::2], strict=False))
    except TypeError:
        return map_of([part if i % 2 else _hashable(part) for i, part in enumerate(items)])
    if 2 * len(out) != len(items):
        raise Unreadable("a map with a key that has no value" if len(items) % 2 else "a map that holds a key twice")
    return out


def with_namespace(namespace: str, items: list[Any]) -> list[Any]:
    """Keys and values of a map before which stands a namespace: that of all keys that have none of their own.

    Pitfall: a text that is a key is taken for a keyword; Clojure writes such maps of keywords alone."""
    if not namespace:
        raise Unreadable("#: without a namespace before its map")
    return [item if place % 2 else _qualified(namespace, item) for place, item in enumerate(items)]


def _qualified(namespace: str, key: Any) -> Any:
    if not isinstance(key, str):
        return key
    return key.removeprefix("_/") if "/" in key else f"{namespace}/{key}"


def set_of(items: list[Any]) -> frozenset[Any]:
    """The set of these elements. Unreadable for one that is there twice."""
    try:
        out = frozenset(items)
    except TypeError:
        return set_of([_hashable(item) for item in items])
    if len(out) != len(items):
        raise Unreadable("a set that holds an element twice")
    return out


class _MapAsKey(dict[Any, Any]):
    """A map that is a key or an element of a set."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return _MapAsKey((key, _hashable(inner)) for key, inner in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, tuple) else value
