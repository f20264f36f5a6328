"""Clocks of single processes, by replacing the code in the vDSO page, where programs read the time.

The kernel maps a small library, the vDSO, into every process; libc, Go, the JVM and Python all read clocks through it.
Written through /proc/PID/mem it becomes a private copy of that process. Our code (`vdso_stub.S`, put in the page's
unused end) asks the kernel for the true time and moves it along a line. Threads share it and forked children inherit
it; an exec brings the true clock back. x86-64 only. Not covered: raw system calls, times of files, and waits until an
*absolute* time, which the kernel measures by the true clock.

Pitfall: a thread must not stand in the bytes being written, so all are stopped and looked at first.
"""

import contextlib
import os
import platform
import signal
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.environments.linux import processes
from splitbrain.harness.errors import InfrastructureError

STUB = bytes.fromhex(
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "5342434c4f434b31b8e40000000f0585c0752783ff0c73224c8d05b1ffffffb9210800000fa3f972124c8d05b8ffffff"
    "b9d20000000fa3f97201c348690600ca9a3b480346084889c1490308492b400849f76810480facd0204801c8b900ca9a"
    "3b489948f7f94889064889560831c0c34885ff743057564883ec1831ff4889e6e883ffffff488b442408b9e803000048"
    "9948f7f9488b14244883c4185e5f488917488947084885f6740748c7060000000031c0c3574883ec1031ff4889e6e845"
    "ffffff488b04244883c4105f4885ff7403488907c3"
)
LINES = struct.Struct("<6q")
MAGIC = b"SBCLOCK1"
MAGIC_AT = 48
ENTRIES = {"__vdso_clock_gettime": 0x38, "__vdso_gettimeofday": 0xA0, "__vdso_time": 0xE4}
"""Offsets in the stub at which the replacement of each function begins."""
JUMP_BYTES = 5
READING = range(STUB.index(b"\x49\x03\x08") + 3, STUB.index(b"\x49\xf7\x68\x10") + 1)
"""Range of addresses between reading the first word of a line and reading the last."""
ATTEMPTS = 50
CATCH_UP_NS = 50_000_000
SLACK_NS = 1_000
"""The stub and we round differently."""


@dataclass(frozen=True)
class ClockLine:
    """A clock in relation to the true one, which runs on: `offset` ns at the true time `reference`, and `slope` ns more
    with each ns."""

    offset: int = 0
    reference: int = 0
    slope: float = 0.0

    def at(self, true: int) -> int:
        """The deviation at a true time, in nanoseconds."""
        return self.offset + round((true - self.reference) * self.slope)

    def packed(self) -> tuple[int, int, int]:
        """The line in the stub's form."""
        return self.offset, self.reference, round(self.slope * 2**32)


TRUE = ClockLine()


class ProcessClock:
    """The clocks of one process. OSError if it ends meanwhile."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._start, self._stop = _mapping(pid)
        self._memory = os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            self._image = self._read(self._start, self._stop - self._start)
            found = self._image.find(MAGIC)
            self._base = found - MAGIC_AT if found >= 0 else _unused(self._image)
        except BaseException:
            self.close()
            raise
        self.installed = found >= 0

    def close(self) -> None:
        """Let go of the process; what is set stays."""
        os.close(self._memory)

    def set(self, wall: ClockLine, monotonic: ClockLine = TRUE) -> None:
        """Set the process's clocks off along these lines, in all its threads at once."""
        with stopped(self.pid):
            for _ in range(ATTEMPTS):
                if not self._occupied():
                    break
                _go_on_a_little(self.pid)
            else:
                raise InfrastructureError(f"process {self.pid} never left the code that reads clocks")
            self._catch_up(monotonic)
            self._write(0, LINES.pack(*wall.packed(), *monotonic.packed()))
            if not self.installed:
                self._write(LINES.size, STUB[LINES.size :])
                for place, entry in self._places():
                    self._write(
                        place - self._base, b"\xe9" + struct.pack("<i", self._base + entry - place - JUMP_BYTES)
                    )
                self.installed = True

    def _catch_up(self, monotonic: ClockLine) -> None:
        """Keep the process stopped until its monotonic clock would no longer step back: a line is drawn from a moment
        at which the process still ran along the old one. Bounded, for a process that has just begun has seen nothing
        that it could miss."""
        ends = time.monotonic_ns() + CATCH_UP_NS
        true = time.monotonic_ns()
        shown = true + self.lines()[1].at(true) + SLACK_NS
        while true + monotonic.at(true) < shown and true < ends:
            time.sleep(0.0002)
            true = time.monotonic_ns()

    def lines(self) -> tuple[ClockLine, ClockLine]:
        """The present lines, wall and monotonic."""
        if not self.installed:
            return TRUE, TRUE
        words = LINES.unpack(self._read(self._start + self._base, LINES.size))
        wall, monotonic = (ClockLine(o, r, s / 2**32) for o, r, s in (words[:3], words[3:]))
        return wall, monotonic

    def _read(self, at: int, size: int) -> bytes:
        data = os.pread(self._memory, size, at)
        if len(data) < size:
            # The memory of a process that has ended is empty, which is no error to the kernel.
            raise ProcessLookupError(f"process {self.pid} has ended")
        return data

    def _write(self, at: int, data: bytes) -> None:
        os.pwrite(self._memory, data, self._start + self._base + at)

    def _places(self) -> list[tuple[int, int]]:
        """(where a function begins in the image, where its replacement begins in the stub)."""
        symbols = _symbols(self._image)
        if "__vdso_clock_gettime" not in symbols:
            raise InfrastructureError("this kernel's vDSO has no clock_gettime")
        return [(symbols[name], entry) for name, entry in ENTRIES.items() if name in symbols]

    def _occupied(self) -> bool:
        """Whether a stopped thread stands in bytes that are to be written, or between reading words of a line."""
        if self.installed:
            ranges = [range(self._base + READING.start, self._base + READING.stop)]
        else:
            ranges = [range(place + 1, place + JUMP_BYTES) for place, _ in self._places()]
        for thread in processes.threads(self.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{self.pid}/task/{thread}/syscall").read_text().split()
                at = int(words[-1], 16) - self._start if len(words) > 1 else -1
                if any(at in occupied for occupied in ranges):
                    return True
        return False


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process; it goes on afterwards unless it was stopped before."""
    before = processes.stopped(pid)
    if not before:
        processes.stop_all(lambda: [pid] if processes.alive(pid) else [])
    try:
        yield
    finally:
        if not before:
            processes.send([pid], signal.SIGCONT)


def _go_on_a_little(pid: int) -> None:
    processes.send([pid], signal.SIGCONT)
    time.sleep(0.0005)
    processes.stop_all(lambda: [pid] if processes.alive(pid) else [])


def unsupported() -> str | None:
    """The reason that clocks cannot be skewed on this kind of machine, else None."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return (
            f"clocks of processes can be skewed on Linux x86-64 only, and this is {sys.platform} {platform.machine()}"
        )
    return None


def _mapping(pid: int) -> tuple[int, int]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            low, high = line.split()[0].split("-")
            return int(low, 16), int(high, 16)
    # A process that has just ended, or has not begun, has no maps.
    raise ProcessLookupError(f"process {pid} has no vDSO")


def _unused(image: bytes) -> int:
    """The start of the zeros at the end of the image, aligned; InfrastructureError if the stub does not fit."""
    begin = (len(image.rstrip(b"\0")) + 63) & ~63
    if len(image) - begin < len(STUB):
        raise InfrastructureError("this kernel's vDSO has no room for the code that skews clocks")
    return begin


def _symbols(image: bytes) -> dict[str, int]:
    """Name → offset of the functions that the vDSO exports; it is an ELF image linked at address 0."""
    (headers,) = struct.unpack_from("<Q", image, 32)
    (count,) = struct.unpack_from("<H", image, 56)
    dynamic: dict[int, int] = {}
    for number in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", image, headers + 56 * number)
        if kind == 2:
            dynamic = dict(struct.iter_unpack("<qQ", image[offset : offset + size]))
    strings, table = dynamic[5], dynamic[6]
    found = {}
    # The string table follows the symbol table, as linkers lay them out.
    for at in range(table, strings, 24):
        name, info, _, _, value = struct.unpack_from("<IBBHQ", image, at)
        if info & 15 == 2:
            found[image[strings + name : image.index(b"\0", strings + name)].decode()] = value
    return found
