"""ProcessNode: a node that is a process started from here, followed to its end, and known
by its number."""

import asyncio
import os
import subprocess
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from splitbrain.harness.cleanup import shielded
from splitbrain.harness.deployment import Place, Process, Served
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.real.pid_node import PidNode, ending
from splitbrain.harness.errors import InfrastructureError


class ProcessNode(PidNode):
    """One member of a cluster, a process with all its children; how these are recognised says the subclass."""

    def __init__(self, place: Place, deployment: Served, log: Path, now: Callable[[], int]) -> None:
        super().__init__(place, deployment, log, now)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def found(self) -> list[int]:
        """The processes that are recognised as its own. One that was just started may be missing."""

    def wrapped(self, argv: Sequence[str]) -> Sequence[str]:
        """The command that starts a command of the node; it has to become that command."""
        return argv

    def variables(self) -> Mapping[str, str]:
        """The environment variables of its processes."""
        skewed = {} if self.clock_file is None else self.clock_file.variables()
        return {**os.environ, **self.deployment.variables, **skewed}

    def main_pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def pids(self) -> list[int]:
        found = self.found()
        main = self.main_pid()
        if main is not None and main not in found and processes.alive(main):
            found.append(main)
        return found

    async def exec_in_node(self, argv: Sequence[str]) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *self.wrapped(argv),
            cwd=self.place.folder,
            env=dict(self.variables()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await shielded(process.wait())
        return process.returncode or 0, said.decode(errors="replace")

    async def launch(self) -> None:
        argv = [str(word) for word in self.argv()]
        with self._log.open("ab") as log:
            log.write(f"--- splitbrain: starting {' '.join(argv)}\n".encode())
            log.flush()
            try:
                self._process = self.spawn(self.wrapped(argv), log)
            except OSError as error:
                raise InfrastructureError(f"{self.name}: {argv[0]}: {error.strerror}") from None
        self.begun()
        watch = os.pidfd_open(self._process.pid)
        asyncio.get_running_loop().add_reader(watch, self._on_end, self._process, watch)

    def argv(self) -> Sequence[str]:
        """The command that it is."""
        if not isinstance(self.deployment, Process):
            raise InfrastructureError(f"{self.name} cannot be remade as something else than a process")
        return self.deployment.argv(self.place)

    def spawn(self, argv: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a process in its folder, with all that it says in the log. OSError if that cannot be done."""
        return subprocess.Popen(
            argv,
            cwd=self.place.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _on_end(self, process: subprocess.Popen[bytes], watch: int) -> None:
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        code = process.wait()
        self._process = None
        self.over(ending(code))
