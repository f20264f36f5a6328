"""Signals that end a run: SIGTERM and a closed terminal (SIGHUP) do what Ctrl-C does, so there is one way to end.

Pitfall: a script that starts a run in the background has it ignore Ctrl-C, and SIGTERM turned into Ctrl-C would be
ignored as well; so SIGINT is taken back. A process that was started by one that blocks a signal (workers of Ray block
SIGINT) has it blocked too; so they are let through. A hang-up that is ignored (nohup) stays ignored. And an interrupt
that comes in a place whose exceptions Python ignores (a finalizer, or what an import cleans up) would be lost, and the
run go on; so it is sent again a moment later.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_SECONDS = 0.01
"""The time after which an interrupt that was ignored is sent again."""


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
    told = sys.unraisablehook

    def ignored(error: "sys.UnraisableHookArgs") -> None:
        if not issubclass(error.exc_type, KeyboardInterrupt):
            told(error)
            return
        again = threading.Timer(AGAIN_SECONDS, _interrupt_main_thread)
        again.daemon = True
        again.start()

    sys.unraisablehook = ignored
    try:
        yield
    finally:
        sys.unraisablehook = told
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _interrupt_main_thread() -> None:
    """Interrupt it also where it waits, as a signal that another thread gets would not."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
