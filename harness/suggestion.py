"""Suggestions for names that do not exist: the closest one that does."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], more: str = "") -> str:
    """`, did you mean raft?`, to follow a name that does not exist; empty if nothing is close.

    more: what follows in either case, as it stands behind a semicolon: `; there are raft, paxos` is `, did you mean
    raft? There are raft, paxos` where something is close.
    """
    there = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), there, 1)
    if not close:
        return f"; {more}" if more else ""
    return f", did you mean {there[close[0]]}?" + (f" {more[0].upper()}{more[1:]}" if more else "")
