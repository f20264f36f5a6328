"""ContainerNode: a container whose processes this machine sees, started by Docker; faults are injected from here.

One thread per running container follows its output into the log, and then waits for its end. Pitfall: a container has
a new network namespace and new process ids after each start; and Docker learns of a death a tenth of a second late, so
whoever ends or starts a container waits for Docker, which would take a start of one that it believes to run for done.
"""

import asyncio
import contextlib
import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from splitbrain.harness.deployment import Container, Place, Served
from splitbrain.harness.environments.docker.daemon import Daemon, absent, attempt
from splitbrain.harness.environments.docker.images import named
from splitbrain.harness.environments.docker.network import ContainerNetwork, sysctls
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.linux.netns import NetworkNamespace
from splitbrain.harness.environments.linux.tools import path
from splitbrain.harness.environments.real.pid_node import Ending, PidNode, ending
from splitbrain.harness.errors import InfrastructureError

EXEC_SECONDS = 2.0


class ContainerNode(PidNode):
    """One member of a cluster of containers; see `harness.node.Node`.

    images: the id of each image that it may need, by the name that a deployment asks for. labels: of the run.
    """

    def __init__(
        self,
        place: Place,
        deployment: Container,
        daemon: Daemon,
        network: ContainerNetwork,
        images: Mapping[str, str],
        labels: Mapping[str, str],
        log: Path,
        now: Callable[[], int],
    ) -> None:
        super().__init__(place, deployment, log, now)
        self.namespace: NetworkNamespace | None = None
        """The network namespace since the last start; None before, and where this user may not see it."""
        self._container = deployment
        self._daemon = daemon
        self._network = network
        self._images = images
        self._labels = labels
        self._id = ""
        self._pid = 0
        self._launching = asyncio.Lock()

    @property
    def running(self) -> bool:
        return super().running and (self.namespace is None or processes.alive(self._pid))

    def main_pid(self) -> int | None:
        return self._pid if self.running and self._pid else None

    def pids(self) -> list[int]:
        return [] if self.namespace is None else processes.in_namespace(self.namespace.inode)

    def prefix(self) -> tuple[str, ...]:
        """The words before a command that run it in the node's network namespace."""
        if self.namespace is None:
            raise InfrastructureError(f"{self.name}: its network namespace cannot be entered")
        return (path("nsenter"), f"--net={self.namespace.path}", "--")

    async def launch(self) -> None:
        async with self._launching:
            await self._ended.wait()
            argv = [str(word) for word in self._container.command(self.place)]
            with self._log.open("ab") as log:
                log.write(f"--- splitbrain: starting {' '.join(argv)}\n".encode())
            api = self._daemon.api
            try:
                if not self._id:
                    await self._daemon.call(self._create, argv)
                output = await self._daemon.call(api.attach, self._id, stdout=True, stderr=True, stream=True)
                await self._daemon.call(api.start, self._id)
            except InfrastructureError as error:
                raise InfrastructureError(f"{self.name} cannot be started: {error}") from error
            state = (await self._daemon.call(api.inspect_container, self._id))["State"]
            self._pid = int(state["Pid"])
            self._enter_namespace()
            self.begun()
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._follow, args=(output, loop), name=self.name, daemon=True).start()
            await self._executed()

    async def become(self, place: Place, deployment: Served) -> None:
        if not isinstance(deployment, Container):
            raise InfrastructureError(f"{self.name} cannot be remade as something else than a container")
        await super().become(place, deployment)
        self._container = deployment
        before, self._id = self._id, ""
        if before:
            await self._daemon.call(self._daemon.api.remove_container, before, force=True, v=True)

    def _create(self, argv: list[str]) -> None:
        api, folder = self._daemon.api, str(self.place.folder)
        inside = {folder: folder} | {place: f"{folder}/{name}" for place, name in self._container.volumes.items()}
        for outside in inside.values():
            Path(outside).mkdir(parents=True, exist_ok=True)
        host = api.create_host_config(
            network_mode=self._network.name,
            binds=[f"{outside}:{place}" for place, outside in inside.items()],
            extra_hosts=dict(self.place.members),
            sysctls=sysctls(),
            **_limited(self._container.memory_mb),
            log_config={"Type": "none"},
        )
        endpoint = api.create_endpoint_config(ipv4_address=self.address)
        made = api.create_container(
            self._images[named(self._container.image)],
            entrypoint=argv[:1],
            command=argv[1:],
            name=f"{self._network.name}-{self.name}",
            hostname=self.name,
            environment=dict(self._container.variables),
            labels=dict(self._labels),
            host_config=host,
            networking_config=api.create_networking_config({self._network.name: endpoint}),
            # Else an ordinary user could neither signal the processes nor remove their files.
            user=None if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}",
        )
        self._id = made["Id"]
        given = self._container.files(self.place)
        placed = {name: contents for name, contents in given.items() if name.startswith("/")}
        if placed:
            api.put_archive(self._id, "/", _archive(placed))

    def _enter_namespace(self) -> None:
        before, self.namespace = self.namespace, None
        # It may have ended already, or belong to a user whose processes this one may not see.
        with contextlib.suppress(OSError):
            if self._pid:
                self.namespace = NetworkNamespace.open(f"/proc/{self._pid}/ns/net")
        if before is not None:
            before.close()

    async def _executed(self) -> None:
        """Wait until what launches the server has become the server: what is done to it before is lost."""
        deadline = time.monotonic() + EXEC_SECONDS
        while _launcher(self._pid) and time.monotonic() < deadline:
            await asyncio.sleep(0.001)

    def _follow(self, output: Iterable[bytes], loop: asyncio.AbstractEventLoop) -> None:
        """Copy the output until the container ends, and tell how it ended. Runs in a thread of its own."""
        api = self._daemon.api
        try:
            with self._log.open("ab", buffering=0) as log:
                for chunk in output:
                    log.write(chunk)
            code = attempt(api.wait, self._id, condition="not-running", timeout=None)["StatusCode"]
            state = attempt(api.inspect_container, self._id)["State"]
            end = _ending(code, bool(state.get("OOMKilled")), self._container.memory_mb)
        except (InfrastructureError, OSError) as error:
            end = Ending(f"was lost sight of ({error})")
        loop.call_soon_threadsafe(self.over, end)

    async def exec_in_node(self, argv: Sequence[str]) -> tuple[int, str]:
        api = self._daemon.api

        def carried_out() -> tuple[int, str]:
            # With the rights of the container, in its own network and with the variables of its image.
            made = attempt(api.exec_create, self._id, list(argv), workdir=str(self.place.folder))["Id"]
            said: bytes = attempt(api.exec_start, made)
            return int(attempt(api.exec_inspect, made)["ExitCode"]), said.decode(errors="replace")

        return await self._daemon.call(carried_out)  # type: ignore[no-any-return]

    async def end(self) -> int:
        # One that is being started is waited for, and killed as well.
        async with self._launching:
            if self.running and not self.pids():
                await self._killed_by_docker()
            return await super().end()

    async def _killed_by_docker(self) -> None:
        self._wanted = False
        try:
            await self._daemon.call(self._daemon.api.kill, self._id)
        except InfrastructureError as error:
            if not (absent(error) or "is not running" in str(error)):
                raise

    def close(self) -> None:
        """Let go of its network namespace; safe to call twice."""
        namespace, self.namespace = self.namespace, None
        if namespace is not None:
            namespace.close()


def _limited(memory_mb: int) -> dict[str, str]:
    """The most memory, swap included, as Docker wants it."""
    return {"mem_limit": f"{memory_mb}m", "memswap_limit": f"{memory_mb}m"} if memory_mb else {}


def _launcher(pid: int) -> bool:
    """Whether a process is still the container runtime's, about to become the program."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"runc\0init")
    except OSError:
        return False


def _ending(code: int, out_of_memory: bool = False, memory_mb: int = 0) -> Ending:
    """The end of a container in words, by its exit code: a shell's convention tells of signals.

    Pitfall: on a busy machine Docker may learn that a container ended before it learns that it ran out of memory, and
    then never says so; a kill that the limit explains is told with the limit.
    """
    if out_of_memory:
        return Ending("ran out of memory and was killed", crash=True)
    killed = code - 128 in signal.valid_signals()
    if killed and code - 128 == signal.SIGKILL and memory_mb:
        return Ending(f"was killed by SIGKILL, perhaps as it took more than its {memory_mb} MB of memory", crash=True)
    return ending(128 - code if killed else code)


def _archive(files: Mapping[str, str | bytes]) -> bytes:
    """Files by absolute name, as Docker wants them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, contents in files.items():
            data = contents.encode() if isinstance(contents, str) else contents
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(data), 0o644, int(time.time())
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
