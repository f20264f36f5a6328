"""Clocks of processes where the vDSO cannot be replaced, by libfaketime, loaded when they start:
it stands before the C library, and reads from a file how wrong the clock is to be.

It keeps files of its own in /dev/shm, named by the numbers of processes, and leaves them when one is killed: so its
nodes see a folder there that goes away with the run. What it cannot do: a program that is linked statically (most of
those in Go) is not reached; the monotonic clock stays true; and CPython's `time.sleep` fails under it, though asyncio
and locks wait as they should. Pitfall: it counts a drift from the moment at which it was loaded, so that has to be
known, and a child that the node executes later drifts from another moment on.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.environments.linux.processes import PROC, TICKS
from splitbrain.harness.environments.linux.vdso import ClockLine

SHARED_MEMORY = "/dev/shm"
NAME = "libfaketimeMT.so.1"
FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib")
PROBE = "import time; print(time.time_ns())"
PROBE_NS = 1000 * 10**9


def library() -> Path | None:
    """The path of the installed library; None if there is none."""
    places = (f"{inner}faketime/{NAME}" for inner in ("", "*/"))
    return next((path for place in places for folder in FOLDERS for path in sorted(Path(folder).glob(place))), None)


@dataclass(frozen=True)
class ClockFile:
    """The file from which the processes of one node read how wrong their wall clock is."""

    file: Path
    library: Path

    def variables(self) -> Mapping[str, str]:
        """Environment variables of a process, to be there when it starts."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FMT": "%s",
            "NO_FAKE_STAT": "1",
        }

    def set(self, wall: ClockLine, loaded: int) -> None:
        """Set the clocks off along this line from now on. loaded: when the library was loaded, ns since 1970."""
        words = told(wall, loaded)
        if not self.file.exists() or self.file.read_text() != words:
            # Whole or not at all: it is read at every look at a clock.
            fresh = self.file.with_name(self.file.name + ".new")
            fresh.write_text(words)
            fresh.replace(self.file)


def told(wall: ClockLine, loaded: int) -> str:
    """A line, in libfaketime's words: a moment at which the clock stands still, or an offset and a rate, which it
    counts from when it was loaded."""
    if wall.slope <= -1:
        return f"{(wall.reference + wall.offset) / 1e9:.9f}"
    return f"{wall.at(loaded) / 1e9:+.9f} x{1 + wall.slope:.9f}"


def reaches(pid: int) -> bool:
    """Whether a process has it loaded. OSError if it has ended."""
    return NAME in (PROC / str(pid) / "maps").read_text()


def begun(pid: int) -> int:
    """The start of a process, ns since 1970, to a hundredth of a second. OSError if it has ended."""
    ticks = int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + ticks * 10**9 // TICKS


def unable(folder: Path) -> str | None:
    """The reason that clocks cannot be skewed by it, found by trying; None if they can. folder: for a file."""
    found = library()
    if found is None:
        return f"{NAME} not found: install libfaketime (apt install faketime), or use --env sim"
    clock = ClockFile(folder / "probe.faketime", found)
    clock.set(ClockLine(PROBE_NS), 0)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE],
        env={**os.environ, **clock.variables()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and abs(int(done.stdout) - time.time_ns() - PROBE_NS) < PROBE_NS // 10:
        return None
    return f"{found} does not skew clocks here: {done.stderr.strip()[-200:] or 'they stay true'}"
