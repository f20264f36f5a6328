"""Power switch of nodes that are processes of one machine: a folder in which each notes its process, and SIGKILL.

No fault of the network reaches it. A note beside that of the process tells whoever watches it that it was switched off.
"""

import os
import select
import signal
from pathlib import Path

from splitbrain.harness.runtime.process_start import started_ticks

OFF = ".off"
"""At the end of the name of a note that a node was switched off."""
END_SECONDS = 10.0


class ProcessSwitch:
    """The switch as one node sees it. folder: where all nodes note their processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def attach(self, name: str) -> None:
        """Note that this process is the node of this name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / (name + OFF)).unlink(missing_ok=True)
        written = self._folder / f"{name}.new"
        written.write_text(f"{os.getpid()} {started_ticks(os.getpid())}")
        written.rename(self._folder / name)

    def cycle(self, name: str) -> None:
        """End the process of a node, if it has one; returns when it has ended. Its supervisor starts it again.
        OSError if that cannot be done."""
        try:
            number, since = (self._folder / name).read_text().split()
            process = os.pidfd_open(int(number))
        except (FileNotFoundError, ProcessLookupError):
            return
        try:
            if _is_the_same(int(number), since):
                self._end(name, process)
        finally:
            os.close(process)

    def _end(self, name: str, process: int) -> None:
        note = self._folder / (name + OFF)
        note.touch()
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        except ProcessLookupError:
            note.unlink(missing_ok=True)
            return
        if not select.select([process], [], [], END_SECONDS)[0]:
            raise TimeoutError(f"{name} was killed and has not ended within {END_SECONDS:g} s")


def switched_off(folder: Path, name: str) -> bool:
    """Whether another node has switched this one off; the note is taken away."""
    note = folder / (name + OFF)
    found = note.exists()
    note.unlink(missing_ok=True)
    return found


def _is_the_same(pid: int, since: str) -> bool:
    """Whether a process of this number is the one that was started at this tick."""
    try:
        return started_ticks(pid) == int(since)
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return False
