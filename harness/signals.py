"""Signals that end a run: SIGTERM and a closed terminal (SIGHUP) do what Ctrl-C does, so there is one way to end.

Pitfall: a script that starts a run in the background has it ignore Ctrl-C, and SIGTERM turned into Ctrl-C would be
ignored as well; so SIGINT is taken back. A process that was started by one that blocks a signal (workers of Ray block
SIGINT) has it blocked too; so they are let through. A hang-up that is ignored (nohup) stays ignored.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[None]:
    """Let these signals interrupt. In another thread than the main one nothing is changed: it gets none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if before[signal.SIGINT] is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if before[signal.SIGHUP] is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _as_interrupt)
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
