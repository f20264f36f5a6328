"""Values in and out: JSON in a store or server, values of histories outside."""

import json
from collections.abc import Iterable
from typing import Any

from splitbrain.harness.operation import Value


def packed(value: Value) -> str:
    """A value as text; equal values have equal texts."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def unpacked(text: str | bytes) -> Any:
    """The inverse of `packed`, with tuples for lists."""
    return frozen(json.loads(text))


def frozen(value: Any) -> Any:
    """JSON as a value of a history."""
    if isinstance(value, (list, tuple)):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value


def in_order(elements: Iterable[str | bytes]) -> tuple[Any, ...]:
    """A set's elements from their texts: numbers in order, then everything else."""
    return tuple(sorted(map(unpacked, elements), key=_order))


def _order(value: Any) -> tuple[bool, Any]:
    return (False, value) if isinstance(value, int | float) else (True, str(value))
