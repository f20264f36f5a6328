"""A user's code, run in the process of a command: what it prints is no answer, and its end is no verdict.

Standard output holds answers alone, which a program may read; and `os._exit` in a store's handler would end the command
with a code that means something else.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar, cast

from splitbrain.cli.output import Output

Callback = TypeVar("Callback", bound=Callable[..., Any])
OURS = __name__.partition(".")[0]


@contextlib.contextmanager
def own_code_apart() -> Iterator[None]:
    """Send to standard error what is printed otherwise than by `out`, and let `os._exit` do what `sys.exit` does. Not
    for threads that overlap: both are of the whole process."""
    real, process = os._exit, os.getpid()

    def ended(status: int) -> NoReturn:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        if os.getpid() != process or caller.partition(".")[0] == OURS:
            real(status)
        raise SystemExit(f"os._exit({status!r})")

    Output.kept.append(sys.stdout)
    os._exit = ended
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os._exit = real
        Output.kept.pop()


def apart(callback: Callback) -> Callback:
    """The callback of a command with a user's code apart from it."""

    @functools.wraps(callback)
    def called(*words: Any, **options: Any) -> Any:
        with own_code_apart():
            return callback(*words, **options)

    called.apart = True  # type: ignore[attr-defined]
    return cast("Callback", called)
