"""Volume: a folder that can lose its power, mounted through a process of ours, which takes back what was not
synced; see `passthrough`.

Pitfall: the kernel keeps what it has read, so a folder that has lost its power is mounted anew, as a machine that
comes up again mounts its disk.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from splitbrain.harness.environments.linux import fuse, namespaces, passthrough, tools
from splitbrain.harness.errors import InfrastructureError

COMMAND = (sys.executable, "-P", "-m", passthrough.__name__)
"""-P: else modules of the working folder would be run, perhaps by root."""
SECONDS = 20.0
"""Seconds within which it is mounted, and ended."""
WRITE_BACK_SECONDS = 1.0
"""More often than a kernel would: who never syncs finds a state of a moment ago, and not that of an empty disk, with
which most servers do not even start."""
LAST_BYTES = 1000


class Volume:
    """A folder that can lose its power while it is attached.

    log: where the process that serves it complains. write_back: each so many seconds everything is synced unasked, as a
    kernel does.
    """

    def __init__(self, folder: Path, log: Path, write_back: float = WRITE_BACK_SECONDS) -> None:
        self.folder = folder
        self._log = log
        self._write_back = write_back
        self._process: asyncio.subprocess.Process | None = None

    async def attach(self) -> None:
        """Mount it: what is in it now is synced. InfrastructureError if that cannot be done."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND,
                str(self.folder),
                str(self._write_back),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # A Ctrl-C is for the harness, which still needs the files then.
                start_new_session=True,
            )
        if await self._hear() != passthrough.MOUNTED:
            raise self._failure("could not be mounted")

    async def detach(self) -> None:
        """Unmount it with all that was written. Safe to call twice."""
        if self._process is not None:
            await self._end(passthrough.KEEP)

    async def lose(self) -> int:
        """Take back what was not synced, while no process uses the folder; how many writes that were."""
        lost = await self._end(passthrough.LOSE)
        await self.attach()
        return lost["writes"]

    async def _end(self, word: str) -> dict[str, int]:
        process = self._process
        if process is None or process.stdin is None:
            raise InfrastructureError(f"{self.folder} is not attached")
        with contextlib.suppress(ConnectionError):  # it has ended: then it says nothing either
            process.stdin.write(f"{word}\n".encode())
            await process.stdin.drain()
        said = await self._hear()
        self._process = None
        if not said:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        if not said:
            raise self._failure("was lost")
        did: dict[str, int] = json.loads(said)
        if did["mistakes"]:
            raise self._failure("was not served as it should be")
        return did

    async def _hear(self) -> str:
        if self._process is None or self._process.stdout is None:
            return ""
        try:
            return (await asyncio.wait_for(self._process.stdout.readline(), SECONDS)).decode().strip()
        except TimeoutError:
            return ""

    def _failure(self, what: str) -> InfrastructureError:
        said = self._log.read_text(errors="replace").strip()[-LAST_BYTES:]
        return InfrastructureError(f"the file system of {self.folder.name} {what}: {said or 'no word from it'}")


def unable() -> str | None:
    """The reason that folders cannot lose their power here, found by trying on one of our own; None if they can."""
    try:
        os.close(os.open(fuse.DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return f"there is no {fuse.DEVICE}: load the kernel's module (as root: modprobe fuse), or leave powerloss out"
    except OSError as error:
        return (
            f"{fuse.DEVICE} cannot be opened ({error.strerror}): have root allow it (chmod 666 {fuse.DEVICE}), run as "
            "root, or leave powerloss out"
        )
    root = os.geteuid() == 0
    absent = tools.missing("unshare") if root else namespaces.unavailable()
    if absent:
        return absent
    prefix = (tools.path("unshare"), "--mount") if root else namespaces.unshare()
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            [*prefix, *COMMAND, folder, "1"], input=passthrough.KEEP, capture_output=True, text=True, check=False
        )
    said = tried.stderr.strip()[-LAST_BYTES:]
    return None if tried.returncode == 0 else f"a file system of our own cannot be mounted here: {said}"
