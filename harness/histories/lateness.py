"""Lateness of operations, kept out of memory: which began later than they were due, and by how much."""

import tempfile
from array import array
from collections.abc import Mapping
from pathlib import Path

BLOCK = 8192
"""Numbers that are held before they are written."""


class Lateness:
    """Pairs of an event's index and nanoseconds, in a nameless file of this folder, which ends with the process."""

    def __init__(self, folder: Path, known: Mapping[int, int]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - as long as the recording
        self._numbers = array("q")
        for index, nanoseconds in known.items():
            self.add(index, nanoseconds)

    def add(self, index: int, nanoseconds: int) -> None:
        """Write down that an operation began so much later than it was due."""
        self._numbers.extend((index, nanoseconds))
        if len(self._numbers) >= BLOCK:
            self._write()

    def taken(self) -> dict[int, int]:
        """All of it, by index; the file is gone then."""
        self._write()
        self._file.seek(0)
        numbers = array("q", self._file.read())
        self._file.close()
        return dict(zip(numbers[::2], numbers[1::2], strict=True))

    def _write(self) -> None:
        self._file.write(self._numbers.tobytes())
        del self._numbers[:]
