"""Interruption of a simulated run whose node program does not return.

Ctrl-C cancels the run's main task, which a handler of a node that loops for ever never lets go on. So where the run is
still there some seconds after the first signal, another one is raised: it ends the handler where it stands.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 3.0
"""The time that a run that was interrupted may take to end: clean-up takes no real time in the simulator."""


@contextmanager
def interrupted_in_time() -> Iterator[None]:
    """Let SIGINT end the run, even if nothing in it waits. Only in the main thread, where signals arrive."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    over = threading.Event()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reading, over, before), name="interruption", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _watch(reading: int, over: threading.Event, before: int) -> None:
    """Wait for the byte of a signal, and hand it on to where such bytes went before; then wait for the end of the run,
    and signal again if it does not come."""
    while number := os.read(reading, 1):
        if before >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(before, number)
        if number[0] == signal.SIGINT and not over.wait(PATIENCE_SECONDS):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
