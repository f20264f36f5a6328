"""NetworkNamespace: an open file; it lives as long as somebody holds it, and needs no name.

Python has `os.setns` from 3.12 on; before that libc is called. Pitfall: entering one changes the calling thread
only, so nothing may be awaited meanwhile.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNET = 0x40000000
HERE = "/proc/thread-self/ns/net"


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@dataclass(frozen=True)
class NetworkNamespace:
    """A network namespace held open by this process."""

    handle: int
    """File descriptor."""
    inode: int
    """By which a process is known to be in it."""

    @staticmethod
    def open(path: str | Path) -> "NetworkNamespace":
        """The namespace behind a file such as `/proc/PID/ns/net`."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return NetworkNamespace(handle, os.fstat(handle).st_ino)

    @staticmethod
    def make() -> "NetworkNamespace":
        """A new, empty one. PermissionError without the right to."""
        before = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("unshare", CLONE_NEWNET)
            made = NetworkNamespace.open(HERE)
            _call("setns", before, CLONE_NEWNET)
        finally:
            os.close(before)
        return made

    @property
    def path(self) -> str:
        """A path by which other processes find it while this one lives."""
        return f"/proc/{os.getpid()}/fd/{self.handle}"

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Context in which the calling thread is in the namespace: sockets made, and settings written, there belong to
        it."""
        before = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("setns", self.handle, CLONE_NEWNET)
            try:
                yield
            finally:
                _call("setns", before, CLONE_NEWNET)
        finally:
            os.close(before)

    def close(self) -> None:
        """Let go of it; the kernel removes it, its interfaces and rules when no process is in it either."""
        os.close(self.handle)
