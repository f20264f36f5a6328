"""Injections as JSON: the kind by name, and the fields."""

from dataclasses import asdict
from typing import Any, get_args

from splitbrain.harness.injection import Injection

KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Injection)}
"""Every injection by its name."""


def to_json(injection: Injection) -> dict[str, Any]:
    """The data in JSON's types."""
    return {"kind": type(injection).__name__, "fields": asdict(injection)}


def from_json(given: dict[str, Any]) -> Injection:
    """The injection of an object that `to_json` made."""
    made: Injection = KINDS[given["kind"]](**{name: _tuples(value) for name, value in given["fields"].items()})
    return made


def _tuples(value: Any) -> Any:
    """JSON's lists were tuples."""
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
