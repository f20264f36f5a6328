"""Announcements of steps that take long or change something, such as fetching a server: one sentence each."""

import sys
from collections.abc import Callable
from contextlib import suppress

Say = Callable[[str], None]
"""Told of a step, in one sentence without a full stop."""


def on_stderr(sentence: str) -> None:
    """Print the sentence on standard error. Where that is closed, or on a full disk, it is lost: what is announced
    decides nothing."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(f"splitbrain: {sentence}", file=sys.stderr, flush=True)


def silently(sentence: str) -> None:
    """Print nothing."""
