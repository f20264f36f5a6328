"""Commands that fetch or build servers."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError

TOLD_SECONDS = 5.0


def patiently(argv: Sequence[str], folder: Path, log: Path, tell: Callable[[float], None]) -> int:
    """Run a command that takes long, its output into a file, and tell now and then for how many seconds it has run; its
    exit code. However this ends, the command and all it started have ended."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        began = told = time.monotonic()
        try:
            while running.poll() is None:
                time.sleep(0.05)
                if time.monotonic() - told > TOLD_SECONDS:
                    told = time.monotonic()
                    tell(told - began)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
            code = running.wait()
    return code


def carry_out(command: list[str], folder: Path, **variables: str) -> str:
    """Run a command to its end in a folder; what it printed. InfrastructureError with its last line if it fails."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        *_, last = ["no message", *done.stderr.strip().splitlines()]
        unreached = re.search(r".*(Network is unreachable|Temporary failure in name resolution)", done.stderr)
        raise InfrastructureError(f"{' '.join(command)} failed: {unreached[1] if unreached else last}")
    return done.stdout
