"""Exit codes: the same for every command; over several results the worst counts. See docs/exit-codes.md."""

from collections.abc import Iterable

VALID = 0
INVALID = 1
UNKNOWN = 2
INFRASTRUCTURE = 3
INTERRUPTED = 130
USAGE = 254
INTERNAL = 255

_WORST_FIRST = (INVALID, USAGE, INFRASTRUCTURE, UNKNOWN, VALID)

OF_VERDICT = {"valid": VALID, "invalid": INVALID, "unknown": UNKNOWN, "infrastructure": INFRASTRUCTURE}


def worst(codes: Iterable[int]) -> int:
    """The code of several results together: invalid, then unreadable, infrastructure, unknown, valid."""
    seen = list(codes)
    return next((code for code in _WORST_FIRST if code in seen), UNKNOWN)
