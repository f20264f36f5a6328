"""Injections as plain data: `{"kind": "Kill", "nodes": ["n1"]}`, for files that people read and write."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args

import msgspec

from splitbrain.harness.injection import Injection

KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Injection)}
"""Every injection by its name."""


def to_plain(injection: Injection) -> dict[str, Any]:
    """The injection in TOML's or JSON's types; fields with their default are left out."""
    plain: dict[str, Any] = {"kind": type(injection).__name__}
    for declared in fields(injection):
        value = getattr(injection, declared.name)
        if declared.default is MISSING or value != declared.default:
            plain[declared.name] = msgspec.to_builtins(value)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Injection:
    """The inverse of `to_plain`. ValueError, in words, for what is no injection."""
    given = dict(plain)
    name = given.pop("kind", None)
    if name not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {name!r}")
    known = [declared.name for declared in fields(KINDS[name])]
    for field in given:
        if field not in known:
            raise ValueError(f"{name} has no field {field!r}; it has {', '.join(known)}")
    try:
        made: Injection = msgspec.convert(given, KINDS[name])
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    return made
