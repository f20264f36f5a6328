"""Signals that end a run: SIGTERM and a closed terminal (SIGHUP) do what Ctrl-C does, so there is one way to end.

Pitfall: a script that starts a run in the background has it ignore Ctrl-C, and SIGTERM turned into Ctrl-C would be
ignored as well; so SIGINT is taken back. A process that was started by one that blocks a signal (workers of Ray block
SIGINT) has it blocked too; so they are let through. A hang-up that is ignored (nohup) stays ignored. And an interrupt
that comes in a place whose exceptions Python ignores (a finalizer, or what an import cleans up) would be lost, and the
run go on; so it is sent again a moment later. And C code may make another error of an interrupt (a SyntaxError while a
name of a character is looked up): whoever catches every error asks first whether a signal came.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from splitbrain.harness.errors import InfrastructureError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_SECONDS = 0.01
"""The time after which an interrupt that was ignored is sent again."""


class Interrupts:
    """The signals that came, whatever became of the exceptions that they raised: Python's own handler, written in C,
    notes their numbers in a pipe."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None
        self._came = False

    def requested(self) -> bool:
        """Whether one of these signals has come since `interruptible` was entered."""
        if self._pipe is not None and not self._came:
            with contextlib.suppress(BlockingIOError):
                self._came = any(number in ENDING for number in os.read(self._pipe[0], 4096))
        return self._came

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the signals from now on. Inside of another such block nothing is changed."""
        if self._pipe is not None:
            yield
            return
        self._pipe = reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            self._pipe, self._came = None, False
            os.close(reading)
            os.close(writing)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Make an interrupt again of what it became on its way. An InfrastructureError stays: it tells what an
        interrupted run has left behind."""
        try:
            yield
        except InfrastructureError:
            raise
        except Exception as error:
            if self.requested():
                raise KeyboardInterrupt from error
            raise


interrupts = Interrupts()
"""Those of this process."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let these signals interrupt. In another thread than the main one nothing is changed: it gets none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with interrupts.noted(), _heeded():
        yield


@contextmanager
def _heeded() -> Iterator[None]:
    """Have these signals raise KeyboardInterrupt."""
    before = {number: signal.getsignal(number) for number in ENDING}
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
