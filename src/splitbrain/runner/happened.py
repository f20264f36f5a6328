"""Faults of a run as they ended, in the text of a schedule file: a run of any length keeps them in bounded memory."""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from splitbrain.harness.active_faults import EndedFault
from splitbrain.results.folder import writing
from splitbrain.runner.script import FILE, HEADING, ScriptedFault, fault_block

HELD_BYTES = 1 << 20
"""The text that is held in memory; more waits in a file without a name."""


class HappenedFaults:
    """The text of the faults that have ended. folder: where the file is. InfrastructureError if the disk is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by `__exit__`
            HELD_BYTES, "w+", encoding="utf-8", errors="backslashreplace", newline="", dir=str(folder)
        )
        self._file.write(HEADING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, ended: EndedFault) -> None:
        """Write down a fault that has ended."""
        with writing(self._folder / FILE):
            self._file.write("\n" + fault_block(ScriptedFault.of(ended)))

    def text(self) -> str:
        """The text of all."""
        with writing(self._folder / FILE):
            self._file.seek(0)
            return self._file.read()
