"""Announcements of steps that take long or change something, such as fetching a server: one sentence each."""

import sys
from collections.abc import Callable

Say = Callable[[str], None]
"""Told of a step, in one sentence without a full stop."""


def on_stderr(sentence: str) -> None:
    """Print the sentence on standard error."""
    print(f"splitbrain: {sentence}", file=sys.stderr, flush=True)


def silently(sentence: str) -> None:
    """Print nothing."""
