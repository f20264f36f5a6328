"""Loose: an event as others record it, before any rule was applied."""

from typing import Any

import msgspec
from msgspec import UNSET


class Loose(msgspec.Struct, kw_only=True, gc=False):
    """An event as others record it: anything may be missing, nothing is believed yet."""

    index: Any = UNSET
    time: Any = UNSET
    process: Any = None
    type: Any = None
    f: Any = None
    key: Any = UNSET
    value: Any = None
    node: Any = UNSET
    error: Any = UNSET
    revision: Any = UNSET
    token: Any = UNSET
    session: Any = UNSET


class BadEvent(Exception):
    """An event that a history must not hold. ordinal: its place in the batch, from 0."""

    def __init__(self, ordinal: int, text: str) -> None:
        super().__init__(text)
        self.ordinal = ordinal
        self.text = text
