"""Log of a simulated node: lines go into a file if there is a folder, and the last ones are kept in memory."""

from collections import deque
from pathlib import Path
from typing import TextIO

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.errors import InfrastructureError

TAIL_LINES = 20


class NodeLog:
    """The log of one node; each line begins with the true time in virtual seconds."""

    def __init__(self, kernel: EventQueue, path: Path | None) -> None:
        self._kernel = kernel
        self._file: TextIO | None = None
        self.path = path
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines."""
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                raise InfrastructureError(f"the node's log {path} cannot be written: {error}") from error

    def write(self, text: str) -> None:
        """Add a line, or several."""
        time = f"{self._kernel.now / SECOND:.9f}"
        lines = [f"{time} {line}" for line in text.splitlines()]
        self.tail.extend(lines)
        if self._file is None:
            return
        try:
            self._file.writelines(line + "\n" for line in lines)
        except OSError as error:
            raise InfrastructureError(f"the node's log {self.path} cannot be written: {error}") from error

    def close(self) -> None:
        """Close the file, as no more lines come. Safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
