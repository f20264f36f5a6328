"""Processes: those in a network namespace are found, ended, stopped and measured together.

That holds for servers that fork, and for children in sessions of their own, which a process group would miss.

Pitfall: a process may fork while it is being looked for, so killing and stopping go on until nothing new is found.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError

PROC = Path("/proc")
STOP_SECONDS = 10.0
"""The time that stopping may take: a thread takes the signal when it next gets a core, which may last on a busy one."""
WAIT_SECONDS = 1.0
"""Time after which a thread that waits in the kernel counts as stopped."""
TICKS = os.sysconf("SC_CLK_TCK")
STOPPED = "tTZX"
"""States of threads that are stopped, or gone."""

Finder = Callable[[], list[int]]
"""Function that finds the processes meant, anew at each call; ended ones, zombies included, are none."""


@contextlib.contextmanager
def example() -> Iterator[int]:
    """A process of our own that does nothing, to try things on."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        # Until it has become Python, what is done to it is lost.
        deadline = time.monotonic() + STOP_SECONDS
        while not _sleeps(process.pid) and time.monotonic() < deadline:
            time.sleep(0.001)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _sleeps(pid: int) -> bool:
    words = (PROC / str(pid) / "syscall").read_text().split()
    return words[0] in ("35", "230", "115")  # nanosleep, clock_nanosleep on x86-64, on arm64


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    return (PROC / str(pid) / "ns" / "net").exists()


def in_namespace(inode: int) -> list[int]:
    """Ids of the living processes in the network namespace with this inode, ascending."""
    found = []
    for entry in os.scandir(PROC):
        if entry.name.isdecimal():
            # It may end meanwhile, or belong to somebody else; a zombie has no namespace.
            with contextlib.suppress(OSError):
                if (Path(entry.path) / "ns" / "net").stat().st_ino == inode:
                    found.append(int(entry.name))
    return sorted(found)


def in_session(leader: int) -> list[int]:
    """Ids of the living processes in the session that a process began, ascending."""
    found = []
    for entry in os.scandir(PROC):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                state, _, _, session = (Path(entry.path) / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == leader and state not in "ZX":
                    found.append(int(entry.name))
    return sorted(found)


def send(pids: Sequence[int], number: signal.Signals) -> int:
    """Send a signal to each; how many still existed."""
    reached = 0
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            reached += 1
    return reached


def kill_all(find: Finder) -> int:
    """Kill (-9) all that is found; how many processes that were. Returns when all are dead, if not reaped."""
    killed: set[int] = set()
    while pids := find():
        send(pids, signal.SIGKILL)
        killed.update(pids)
        time.sleep(0.0005)
    return len(killed)


def stop_all(find: Finder) -> list[int]:
    """Stop all that is found (SIGSTOP); the ids. InfrastructureError if something does not stop.

    A thread that waits in the kernel and cannot be interrupted, for a disk or a child that it made with vfork, does not
    stop before it has waited. But then it stops before it runs an instruction of its own, so it counts as stopped.
    """
    began = time.monotonic()
    while True:
        pids = find()
        send(pids, signal.SIGSTOP)
        waited = time.monotonic() - began
        enough = STOPPED if waited < WAIT_SECONDS else STOPPED + "D"
        if all(stopped(pid, enough) for pid in pids) and pids == find():
            return pids
        if waited > STOP_SECONDS:
            raise InfrastructureError(f"processes {pids} did not stop (SIGSTOP) within {STOP_SECONDS:g} s")
        time.sleep(0.0005)


def threads(pid: int) -> list[int]:
    """Ids of a process's threads; empty if it has ended."""
    try:
        return sorted(int(task.name) for task in (PROC / str(pid) / "task").iterdir())
    except OSError:
        return []


def stopped(pid: int, states: str = STOPPED) -> bool:
    """Whether every thread of a process is in one of these states."""
    for thread in threads(pid):
        with contextlib.suppress(OSError):
            state = (PROC / str(pid) / "task" / str(thread) / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in states:
                return False
    return True


@dataclass(frozen=True)
class Usage:
    """The resources that processes use, summed over them."""

    processes: int
    threads: int
    cpu_seconds: float
    """The time since each started; of those alive."""
    memory_bytes: int
    """Resident; pages that they share count for each."""
    open_files: int


def usage(pids: Sequence[int]) -> Usage:
    """The present use of these processes; those that ended count nothing."""
    alive = thread_count = memory = files = 0
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            files += sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
            ticks += int(fields[11]) + int(fields[12])
            thread_count += int(fields[17])
            memory += int(fields[21]) * os.sysconf("SC_PAGESIZE")
            alive += 1
    return Usage(alive, thread_count, ticks / TICKS, memory, files)
