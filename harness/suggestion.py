"""Suggestions for names that do not exist: the closest one that does."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean raft?`, to follow a name that does not exist; empty if nothing is close."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f", did you mean {close[0]}?" if close else ""
