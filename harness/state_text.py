"""The state of a program as short texts by path: `server.term` → `3`, `machine.values[r1]` → `4`.

Objects are taken to pieces, values are shown. A long collection shows its length and its end. Nothing that differs from
one process to the next (addresses, the order of a set) gets into a text. Pitfall: an object that several parts hold is
shown once, at the shortest path.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import msgspec

from splitbrain.harness.program import Now
from splitbrain.harness.random_stream import RandomStream

TEXT_LENGTH = 240
BYTES_SHOWN = 40
"""Bytes that are shown as text, if they are one."""
ENTRIES_SHOWN = 24
"""Entries of a map that have a path each; of a larger one the last are shown in one text."""
LAST_SHOWN = 2
"""Members of a long collection that are shown, from its end."""
DEPTH_MAX = 4
_SCALARS = (bool, int, float, str, bytes, type(None), Enum)
_COLLECTIONS = (Mapping, Sequence, Set, deque)


def state_text(program: object) -> dict[str, str]:
    """The state of a program. Its role, if it tells one, comes first."""
    out: dict[str, str] = {}
    role = getattr(program, "role", None)
    if isinstance(role, msgspec.Struct):
        out["role"] = " ".join(str(part) for part in msgspec.structs.astuple(role) if part not in ("", 0))
    seen = {id(program)}
    level: list[tuple[str, object, int]] = [("", program, 0)]
    for path, thing, depth in level:
        for name, part in _attributes(thing):
            below = f"{path}.{name}" if path else name
            if _is_value(part):
                out.update(_entries(below, part))
            elif depth < DEPTH_MAX and id(part) not in seen:
                seen.add(id(part))
                level.append((below, part, depth + 1))
    return out


def value_text(value: Any, limit: int = TEXT_LENGTH) -> str:
    """A value in one line: `AppendRequest(term=3 entries=[…])`."""
    text = _text(value, 0)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    """The attributes of an object, in order of definition: no functions, no classes, no random streams."""
    names = list(getattr(thing, "__dict__", {}))
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    for name in dict.fromkeys(names):
        part = getattr(thing, name, None)
        if not (name.startswith("__") or callable(part) or isinstance(part, RandomStream | Now)):
            yield name.lstrip("_"), part


def _is_value(part: object) -> bool:
    """Whether it is shown as it is, rather than taken to pieces: data, and records that never change."""
    if isinstance(part, (*_SCALARS, *_COLLECTIONS)):
        return True
    if isinstance(part, msgspec.Struct):
        return True
    frozen = getattr(getattr(type(part), "__dataclass_params__", None), "frozen", False)
    return is_dataclass(part) and bool(frozen)


def _entries(path: str, part: Any) -> Iterator[tuple[str, str]]:
    """A value as one text, or as one for each of its entries."""
    if isinstance(part, Mapping) and len(part) <= ENTRIES_SHOWN:
        for key, value in part.items():
            yield f"{path}[{value_text(key, 40)}]", value_text(value)
    else:
        yield path, value_text(part)


def _text(value: Any, depth: int) -> str:
    if isinstance(value, _SCALARS):
        return _scalar(value)
    if depth > DEPTH_MAX:
        return "…"
    if not isinstance(value, _COLLECTIONS):
        return _record(value, depth)
    if isinstance(value, Mapping):
        items = [f"{_text(key, depth + 1)}: {_text(item, depth + 1)}" for key, item in _last(list(value.items()))]
    elif isinstance(value, Set):
        items = _last(sorted(_text(item, depth + 1) for item in value))
    else:
        items = [_text(item, depth + 1) for item in _last(list(value))]
    more = f"{len(value):,} in all, the last: " if len(value) > len(items) else ""
    if isinstance(value, Mapping | Set):
        return f"{{{more}{', '.join(items)}}}"
    return f"[{more}{' '.join(items)}]"


def _scalar(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.decode("ascii", "replace")
        return text if len(text) <= BYTES_SHOWN and text.isascii() and text.isprintable() else f"{len(value)} bytes"
    if isinstance(value, Enum):
        return value.name
    return "nil" if value is None else str(value)


def _record(value: Any, depth: int) -> str:
    if isinstance(value, msgspec.Struct):
        names: Sequence[str] = value.__struct_fields__
    elif is_dataclass(value):
        names = [field.name for field in fields(value)]
    else:
        return type(value).__name__
    held = [(name, getattr(value, name)) for name in names]
    parts = [f"{name}={_text(part, depth + 1)}" for name, part in held if not (part is None or part == "")]
    return f"{type(value).__name__}({' '.join(parts)})"


def _last(items: list[Any]) -> list[Any]:
    return items if len(items) <= 2 * LAST_SHOWN else items[-LAST_SHOWN:]
