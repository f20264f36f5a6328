"""Scratch folders: where nodes keep their data during a run; they go away with the run, however it ends.

Whoever survives removes it: the outer process, else the namespace's init, else the next run, which sweeps folders
whose lock nobody holds. Pitfall: `/tmp` is memory on many systems, where fsync means nothing, so `/var/tmp` it is.
"""

import atexit
import ctypes
import fcntl
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "splitbrain-"
LOCK = "lock"
MNT_DETACH = 2
YOUNG_SECONDS = 60
"""Age below which a folder may not be locked yet."""


def parent() -> Path:
    """The folder in which scratch folders are made: $TMPDIR if it is set, else /var/tmp, else Python's choice."""
    usual = Path("/var/tmp")
    if "TMPDIR" not in os.environ and os.access(usual, os.W_OK | os.X_OK):
        return usual
    return Path(tempfile.gettempdir())


class Scratch:
    """One scratch folder. `lock` is an open file; whoever inherits it keeps the folder from being swept."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent()))
        self.lock = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and all that is in it; safe if somebody did already."""
        os.close(self.lock)
        clear(self.folder)


@contextmanager
def files() -> Iterator[Path]:
    """An empty folder for files alone, as nothing is unmounted there. It lies in a scratch folder that this process has
    for all of them, so it costs no more than any folder; what was abandoned is swept once, before the first."""
    with tempfile.TemporaryDirectory(dir=_shared(os.getpid(), parent()).folder) as folder:
        yield Path(folder)


def end() -> None:
    """Remove what this process has for `files`. Python calls it when it ends, but not before `os._exit`."""
    while _made:
        pid, scratch = _made.pop()
        if pid == os.getpid():  # a fork has its parent's
            scratch.remove()
    _shared.cache_clear()


_made: list[tuple[int, Scratch]] = []
atexit.register(end)


@functools.cache
def _shared(pid: int, beside: Path) -> Scratch:
    for folder in abandoned():
        clear(folder)
    scratch = Scratch()
    _made.append((pid, scratch))
    return scratch


def abandoned() -> list[Path]:
    """Scratch folders of this user that no living run holds."""
    return [folder for folder in sorted(parent().glob(PREFIX + "*")) if _abandoned(folder)]


def clear(folder: Path) -> None:
    """Remove a scratch folder, and unmount what a run that died has left mounted in it."""
    inside, mounts = f"{folder}{os.sep}", Path("/proc/self/mountinfo")
    for line in reversed(mounts.read_text().splitlines() if mounts.exists() else []):  # macOS has no such file
        point = line.split()[4]
        if point.startswith(inside):
            ctypes.CDLL(None).umount2(point.encode(), MNT_DETACH)
    shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        status = folder.lstat()
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < YOUNG_SECONDS:
            return False
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
