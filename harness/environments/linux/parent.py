"""Death with the parent: a process that the kernel ends when the one that started it dies, however that was."""

import ctypes
import signal

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded here: a child that has only been forked must not load anything


def die_with_parent() -> None:
    """Ask the kernel for it; to be called in a child before it becomes its command.

    Pitfall: what counts as the parent is the thread that started it, so that one has to live as long.
    """
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
