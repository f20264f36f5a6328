"""Inodes: the files of a folder by the kernel's numbers, and what each has not synced.

A file is known by its identity on the disk below, so it may have several names, or a new one, or none any more.

Pitfall: the kernel forgets files when it pleases, but one with unsynced writes is needed at a power loss.
"""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from splitbrain.harness.environments.linux import fuse
from splitbrain.harness.environments.linux.unsynced import Unsynced

ANCHOR = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(eq=False)
class Inode:
    """A file or folder. anchor: a descriptor that keeps it, whatever it is called. lookups: how often the kernel was
    told of it and has not forgotten it. turn: to be held by whoever changes or syncs its contents."""

    anchor: int
    lookups: int = 0
    unsynced: Unsynced = field(default_factory=Unsynced)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def path(self) -> str:
        """A path by which the file can be opened."""
        return f"/proc/self/fd/{self.anchor}"

    def status(self) -> os.stat_result:
        """The attributes of the file."""
        return os.fstat(self.anchor)


class Inodes:
    """The files of a folder by number. May be used from several threads."""

    def __init__(self, folder: Path) -> None:
        root = Inode(os.open(folder, ANCHOR | os.O_DIRECTORY), lookups=1)
        self._inodes = {fuse.ROOT: root}
        self._numbers = {_identity(root.status()): fuse.ROOT}
        self._last = fuse.ROOT
        self._turn = threading.Lock()

    def __getitem__(self, number: int) -> Inode:
        with self._turn:
            return self._inodes[number]

    def tell(self, parent: Inode, name: bytes) -> bytes:
        """Look up a name, and tell the kernel what it is. FileNotFoundError if it is nothing."""
        anchor = os.open(name, ANCHOR, dir_fd=parent.anchor)
        status = os.fstat(anchor)
        with self._turn:
            number = self._numbers.get(_identity(status))
            if number is None:
                self._last += 1
                number = self._numbers[_identity(status)] = self._last
                self._inodes[number] = Inode(anchor)
            else:
                os.close(anchor)
            self._inodes[number].lookups += 1
        return fuse.entry_out(number, status)

    def forget(self, number: int, lookups: int) -> None:
        """Note that the kernel has forgotten what it was told so many times."""
        with self._turn:
            inode = self._inodes[number]
            inode.lookups -= lookups
            status = inode.status()
            if inode.lookups <= 0 and (inode.unsynced.clean or not status.st_nlink):
                del self._inodes[number], self._numbers[_identity(status)]
                os.close(inode.anchor)

    def write_back(self) -> None:
        """Sync everything, unasked, as a kernel does from time to time."""
        for inode, file in self._dirty():
            try:
                with inode.turn:
                    os.fsync(file)
                    inode.unsynced.synced()
            finally:
                os.close(file)

    def lose(self) -> dict[str, int]:
        """Take back what was not synced: how many writes, of how many files. While nobody asks for anything."""
        writes = files = 0
        for inode, file in self._dirty():
            try:
                writes += inode.unsynced.lose(file)
            finally:
                os.close(file)
            files += 1
        return {"writes": writes, "files": files}

    def _dirty(self) -> list[tuple[Inode, int]]:
        """The files with unsynced writes, opened."""
        with self._turn:
            dirty = [inode for inode in self._inodes.values() if not inode.unsynced.clean]
            return [(inode, os.open(inode.path, os.O_RDWR | os.O_CLOEXEC)) for inode in dirty]


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
