"""StdioNode: a member of a cluster whose processes speak on standard input and output.

All processes of a node are in a session of its own, so that its children are killed and stopped with it.
"""

import asyncio
import errno
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from splitbrain.harness.deployment import Piped, Place
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.linux.parent import die_with_parent
from splitbrain.harness.environments.real.process_node import ProcessNode
from splitbrain.harness.environments.sim.channel import ClientLink, SimChannel
from splitbrain.harness.environments.sim.scheduler import SECOND, Timeline
from splitbrain.harness.environments.stdio.process import StdioProcess
from splitbrain.harness.environments.stdio.router import MessageRouter
from splitbrain.harness.errors import InfrastructureError


class StdioNode(ProcessNode):
    """One member; see `harness.node.Node`. It has no folder and no address.

    way: between it and all clients. latency: makes that of a channel. clients: numbers them.
    """

    def __init__(
        self,
        place: Place,
        deployment: Piped,
        log: Path,
        timeline: Timeline,
        router: MessageRouter,
        way: ClientLink,
        latency: Callable[[], Callable[[], int]],
        clients: Callable[[], int],
    ) -> None:
        super().__init__(place, deployment, log, lambda: timeline.now)
        self.piped = deployment
        self._timeline, self._router = timeline, router
        self._way, self._latency = way, latency
        self._clients = clients
        self._speaking: StdioProcess | None = None
        self._session: int | None = None
        self._broken = ""
        """The breach of protocol for which its process was ended, if any: the end of "n1 …"."""

    async def connect(self) -> SimChannel:
        """A channel to it, after a round trip. ConnectionRefusedError if no process is running by then."""
        channel = SimChannel(self._timeline, self._latency(), self.name, lambda: self._speaking, self._way)
        await channel.open()
        return channel

    def write(self, line: bytes) -> None:
        """Let its process read a line; it is lost if there is none."""
        if self._speaking is not None:
            self._speaking.write(line)

    def argv(self) -> Sequence[str]:
        return self.piped.argv(self.place)

    def spawn(self, argv: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                argv,
                cwd=self.piped.cwd,
                env=self.variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls the kernel and nothing else
            )
        except OSError as error:
            raise InfrastructureError(f"{self.name} could not be started: {argv[0]}: {_why(argv[0], error)}") from None

    async def launch(self) -> None:
        self._broken = ""
        await super().launch()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        self._session = process.pid
        opening = self.piped.opening(self.place)
        speaking = self._speaking = StdioProcess(
            self.name, opening, self.piped.objection, self._router.send, self._breach, self._clients
        )
        loop = asyncio.get_running_loop()
        stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        stdout, _ = await loop.connect_read_pipe(lambda: speaking, process.stdout)
        speaking.begin(stdin, stdout)
        if not self.running:  # it ended meanwhile
            self._speaking = None
            speaking.read_rest(process.stdout)
            speaking.end()

    def found(self) -> list[int]:
        return [] if self._session is None else processes.in_session(self._session)

    async def wait_ready(self, deadline: float) -> None:
        """Wait until it has answered what it is asked first. InfrastructureError, with its last log lines, if it does
        not, or ends."""
        loop = asyncio.get_running_loop()
        speaking = self._speaking
        while self.running and speaking is not None:
            if speaking.ready.is_set():
                return
            if loop.time() > deadline:
                due = ", ".join(f"{request['type']}_ok" for request in self.piped.opening(self.place))
                raise await self._failure(
                    f"did not answer within {self.piped.ready_seconds:g} s; before it is ready, due is {due}"
                )
            await asyncio.sleep(0.002)
        how = await self.how_it_ended()
        raise await self._failure(self._broken or f"{how} before it was ready")

    def _breach(self, how: str) -> None:
        """End it, as it does not keep to the protocol; that counts as a crash."""
        if self._wanted:
            self.expect_end()
            text = f"{self.name} {how}; it was ended at {self._now() / SECOND:.3f} s"
            self.deaths.append(Death(self.name, self._now(), text, self.last_lines(), crashed=True, how=how))
            self._broken = how
        if self._speaking is not None:
            self._speaking.end()
        self._later(self.kill())

    def _on_end(self, process: subprocess.Popen[bytes], watch: int) -> None:
        # While it is not reaped, its number is no other session's; what it leaves behind speaks to nobody.
        processes.kill_all(lambda: processes.in_session(process.pid))
        self._session = None
        if self._speaking is not None:
            if process.stdout is not None:
                self._speaking.read_rest(process.stdout)
            self._speaking.end()
            self._speaking = None
        super()._on_end(process, watch)


def _why(program: str, error: OSError) -> str:
    """The reason that a program could not be started."""
    if error.errno == errno.ENOENT and Path(program).exists():
        return "the interpreter that its first line names is not there"
    if error.errno == errno.ENOEXEC:
        return "it is no program of this machine; a script begins with #! and its interpreter"
    return str(error.strerror)
