"""Unsynced writes: what a power loss would take from a file, written since it was last synced.

Before a part of a file is written over for the first time since then, what it held is kept here, in memory, block by
block; what was appended needs no copy. Pitfall: `truncate` and `fallocate` are not undone. Like names, sizes that are
set on purpose are the journal's business on a usual file system, and may be durable at once.
"""

import os

BLOCK = 4096


class Unsynced:
    """The unsynced changes of one file. Every method takes a descriptor of it, open for reading and writing."""

    def __init__(self) -> None:
        self.writes = 0
        """The number of writes that would be lost."""
        self._durable = -1
        """The length of the file after a power loss; -1 where nothing would be lost."""
        self._before: dict[int, bytes] = {}
        """Number of a block → what it held; what is missing at its end is zeros."""

    def write(self, file: int, data: bytes | memoryview, offset: int) -> int:
        """Write, and keep what was there before; how many bytes were written."""
        self._begin(file)
        self._keep(file, offset, offset + len(data))
        self.writes += 1
        return os.pwrite(file, data, offset)

    def erase(self, file: int, offset: int, length: int) -> None:
        """Note, before it is done, that a part of the file is made zeros without a write."""
        self._begin(file)
        self._keep(file, offset, offset + length)
        self.writes += 1

    def resize(self, file: int, size: int) -> None:
        """Cut the file off, or lengthen it by zeros."""
        before = os.fstat(file).st_size
        os.ftruncate(file, size)
        self.resized(before, size)

    def resized(self, before: int, size: int) -> None:
        """Note that the file's size was set otherwise than by a write."""
        if self._durable < 0:
            return
        if size > before:
            # Zeros after what would be lost come into being with it.
            self._durable = size if self._durable == before else self._durable
            return
        self._durable = min(self._durable, size)
        self._before = {
            block: held[: self._durable - block * BLOCK]
            for block, held in self._before.items()
            if block * BLOCK < self._durable
        }

    def synced(self) -> None:
        """Note a sync that began when all earlier writes had ended, and succeeded."""
        self.writes = 0
        self._durable = -1
        self._before.clear()

    @property
    def clean(self) -> bool:
        """Whether nothing would be lost."""
        return self._durable < 0

    def lose(self, file: int) -> int:
        """Put the file back into the state that is certain to survive; how many writes were lost by that."""
        if self.clean:
            return 0
        for block, held in self._before.items():
            length = min(BLOCK, self._durable - block * BLOCK)
            os.pwrite(file, held.ljust(length, b"\0")[:length], block * BLOCK)
        os.ftruncate(file, self._durable)
        os.fsync(file)
        lost = self.writes
        self.synced()
        return lost

    def _begin(self, file: int) -> None:
        if self._durable < 0:
            self._durable = os.fstat(file).st_size

    def _keep(self, file: int, begin: int, end: int) -> None:
        for block in range(begin // BLOCK, -(-min(end, self._durable) // BLOCK)):
            if block not in self._before:
                self._before[block] = os.pread(file, BLOCK, block * BLOCK)
