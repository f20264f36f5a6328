"""Slow and broken disks under a running process, by injection into its system calls through strace.

It works on any process that may be traced, and needs no rights over the disk. Pitfall: while it is attached, every
system call of the process costs more; one process has one tracer, so all faults of it go through one session; and
write() serves sockets too, so errors are kept to given files, which have to be named one by one.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.environments.linux import processes, tools
from splitbrain.harness.errors import InfrastructureError

SYNCS = "fsync,fdatasync,sync_file_range,msync"
WRITES = "write,pwrite64,writev,pwritev,pwritev2,fallocate"
ATTACH_SECONDS = 5.0
DETACH_SECONDS = 5.0
DYING_SECONDS = 1.0

_sessions = itertools.count(1)


@dataclass(frozen=True)
class SyscallFaults:
    """Faults of the disk of some processes.

    delay_us: added to each sync. errno: with which writes and syncs fail, if not empty; then `files` are those hit,
    and no others, by either fault.
    """

    delay_us: int = 0
    errno: str = ""
    files: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """The faults in strace's words."""
        delay = f":delay_enter={self.delay_us}" if self.delay_us else ""
        error = f":error={self.errno}" if self.errno else ""
        words = ["-e", f"trace={SYNCS},{WRITES}" if error else f"trace={SYNCS}"]
        words += ["-e", f"inject={SYNCS}{error}{delay}"]
        if error:
            words += ["-e", f"inject={WRITES}{error}"]
            for file in self.files:
                words += ["-P", file]
        return words


class Tracing:
    """A session: one strace attached to the processes of a node."""

    def __init__(self, faults: SyscallFaults, folder: Path) -> None:
        self.faults = faults
        self._log = folder / f"calls{next(_sessions)}"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def attached(self) -> bool:
        """Whether it is still there: it ends with the processes."""
        return self._process is not None and self._process.returncode is None

    async def start(self, pids: Sequence[int]) -> None:
        """Attach; returns when every process is hit. InfrastructureError, with nothing left, if that cannot be done."""
        try:
            await self._attach(pids)
        except BaseException:
            self._end_all()
            raise

    async def _attach(self, pids: Sequence[int]) -> None:
        targets = [word for pid in pids for word in ("-p", str(pid))]
        with self._log.with_suffix(".messages").open("wb") as messages:
            self._process = await asyncio.create_subprocess_exec(
                tools.path("strace"),
                "-f",
                *targets,
                *self.faults.words(),
                "-o",
                str(self._log),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=messages,
                start_new_session=True,
            )
        clock = asyncio.get_running_loop().time
        deadline, ended = clock() + ATTACH_SECONDS, False
        while not all(traced(pid, self._process.pid) for pid in pids):
            if self._process.returncode is not None and not ended:
                # It cannot attach to what is about to end, either: that is given a moment.
                deadline, ended = clock() + DYING_SECONDS, True
            if clock() > deadline:
                said = self._log.with_suffix(".messages").read_text(errors="replace").strip()
                raise InfrastructureError(f"strace could not attach: {said[-300:]}")
            await asyncio.sleep(0.002)

    async def stop(self) -> tuple[int, int]:
        """Detach; (calls delayed, calls failed) in this session."""
        process = self._process
        if process is None:
            return 0, 0
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), DETACH_SECONDS)
            except TimeoutError:
                # The kernel detaches for it.
                process.kill()
                await process.wait()
            self._end_all()
        return _count(self._log)

    def _end_all(self) -> None:
        """End what strace has started, and itself: as it begins it tries out on children of its own what the kernel
        can, and they wait for ever if it is interrupted just then."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


ENDED = ("Z", "X")
"""States of threads that nobody can trace any more: they only wait to be forgotten."""


def traced(pid: int, tracer: int) -> bool:
    """Whether every thread of a process is traced by that tracer; true of one that has ended."""
    for thread in processes.threads(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines()
            told = dict(line.split(":", 1) for line in lines)
            if told["State"].split()[0] not in ENDED and int(told["TracerPid"]) != tracer:
                return False
    return True


def files_in(folder: Path) -> tuple[str, ...]:
    """The regular files below a folder, and the folder, as strace is to know them."""
    found = [str(folder)]
    for place, _, names in os.walk(folder):
        found += [str(Path(place) / name) for name in names]
    return tuple(sorted(found))


def _count(log: Path) -> tuple[int, int]:
    delayed = failed = 0
    if log.exists():
        with log.open(errors="replace") as lines:
            for line in lines:
                delayed += "(DELAYED)" in line
                failed += "(INJECTED)" in line
    return delayed, failed


def unable() -> str | None:
    """The reason that system calls cannot be injected into here, found by trying on a process of our own; None if they
    can."""
    absent = tools.missing("strace")
    if absent:
        return absent
    with processes.example() as pid:
        tracer = subprocess.Popen(
            [tools.path("strace"), "-f", "-p", str(pid), *SyscallFaults(delay_us=1).words(), "-o", os.devnull],
            stderr=subprocess.PIPE,
        )
        try:
            deadline = time.monotonic() + ATTACH_SECONDS
            while tracer.poll() is None and time.monotonic() < deadline:
                if traced(pid, tracer.pid):
                    return None
                time.sleep(0.002)
            tracer.kill()
            said = tracer.communicate()[1].decode(errors="replace").strip()
        finally:
            tracer.kill()
            tracer.wait()
    return f"strace may not trace here: {said[-200:]}"
