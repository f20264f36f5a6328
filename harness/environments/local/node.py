"""What is a node of `--env local`? An ordinary process, with all its children, in a network namespace of its own.

The trap: one that was just started has not entered its namespace yet, so it is known by its number as well.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.hosted.node import HostedNode, ending
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.linux.netns import NetworkNamespace
from splitbrain.harness.environments.linux.tools import path
from splitbrain.harness.errors import InfrastructureError


class ProcessNode(HostedNode):
    """One member of a local cluster; see `harness.node.Node`."""

    def __init__(
        self, place: Place, deployment: Process, namespace: NetworkNamespace, log: Path, now: Callable[[], int]
    ) -> None:
        super().__init__(place, deployment, log, now)
        self.namespace = namespace
        self._argv = deployment.argv
        self._process: subprocess.Popen[bytes] | None = None

    def main_pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def pids(self) -> list[int]:
        found = processes.in_namespace(self.namespace.inode)
        main = self.main_pid()
        if main is not None and main not in found and processes.alive(main):
            found.append(main)
        return found

    async def launch(self) -> None:
        argv = [str(word) for word in self._argv(self.place)]
        with self._log.open("ab") as log:
            log.write(f"--- splitbrain: starting {' '.join(argv)}\n".encode())
            log.flush()
            try:
                self._process = subprocess.Popen(
                    [path("nsenter"), f"--net={self.namespace.path}", "--", *argv],
                    cwd=self.place.folder,
                    env={**os.environ, **self._deployment.variables},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise InfrastructureError(f"{self.name}: {argv[0]}: {error.strerror}") from None
        self.begun()
        watch = os.pidfd_open(self._process.pid)
        asyncio.get_running_loop().add_reader(watch, self._on_end, self._process, watch)

    def _on_end(self, process: subprocess.Popen[bytes], watch: int) -> None:
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        code = process.wait()
        self._process = None
        self.over(ending(code))
