"""Init, process 1 of a run's namespace: starts the run, reaps, forwards signals, ends everything.

It is started by path, so it imports nothing but the standard library. The lifeline is the read end of a pipe held by
the process outside: a byte is a signal to forward, its end means that the outside is gone. When this process exits,
the kernel kills whatever is left in the namespace, stopped processes and other sessions included.

    python init.py LIFELINE_FD SCRATCH_FOLDER COMMAND…
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

INSIDE = "SPLITBRAIN_NAMESPACE"
"""Variable that names the network namespace of the run to its processes."""
SCRATCH = "SPLITBRAIN_SCRATCH"
"""Variable that names the scratch folder to them."""
OUTSIDE_GONE = 128 + signal.SIGKILL
MNT_DETACH = 2


def main(lifeline: int, scratch: str, command: list[str]) -> int:
    """Run the command to its end; its exit code, 128 + n for a death by signal n."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    environment = {**os.environ, INSIDE: str(Path("/proc/self/ns/net").readlink()), SCRATCH: scratch}
    try:
        run = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"splitbrain: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            forwarded = os.read(lifeline, 64)
            if not forwarded:
                return OUTSIDE_GONE
        else:
            forwarded = bytes(n for n in os.read(woken, 64) if n != signal.SIGCHLD)
        for forward in forwarded:
            os.kill(run.pid, forward)
        code = reap(run.pid)
        if code is not None:
            return code


def reap(main_pid: int) -> int | None:
    """Reap all that ended; the exit code of the main process if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == main_pid:
            ended = os.waitstatus_to_exitcode(status)
            code = ended if ended >= 0 else 128 - ended


def clear(scratch: str) -> None:
    """Kill everything else in the namespace, unmount what lies in the scratch folder, and remove it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    libc = ctypes.CDLL(None, use_errno=True)
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        point = line.split()[4]
        if point.startswith(scratch + "/"):
            libc.umount2(point.encode(), MNT_DETACH)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    ended_with = OUTSIDE_GONE
    try:
        ended_with = main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    finally:
        clear(sys.argv[2])
        os._exit(ended_with)
