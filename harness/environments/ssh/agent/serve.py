"""Agent: JSON-lines RPC on standard input and output. Cleans up and exits when the input ends or after 60 s without
a message.

`{"id": 7, "do": "inject", "with": {…}}` is answered by `{"id": 7, "is": …}` or `{"id": 7, "failed": "…", "kind": "…"}`;
an event is an object without id.
"""

import asyncio
import base64
import contextlib
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux import packets, processes, scratch
from splitbrain.harness.environments.real.handlers import HANDLERS
from splitbrain.harness.environments.real.unsupported import needs_root, unsupported
from splitbrain.harness.environments.ssh.agent import host_state
from splitbrain.harness.environments.ssh.agent.links import Control, own_address
from splitbrain.harness.environments.ssh.agent.member import HostCluster
from splitbrain.harness.environments.ssh.serialization import KINDS, from_json
from splitbrain.harness.errors import InfrastructureError, SplitbrainError
from splitbrain.harness.injection import ActiveInjection, Cut, CutClients, Maintenance, Reconfiguration

SILENCE_SECONDS = 60.0
CANCEL_SECONDS = 5.0
CODE = "code"
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


Spec = dict[str, Any]
"""Fields from which a node comes to be: argv; files, in base64; uploads, names in its folder → files of this host;
variables, relative_waits and respawn as in `harness.deployment`."""


class Agent:
    """The agent of one run on this host, with its folder in `folder`."""

    def __init__(self, control: Control, folder: Path) -> None:
        self._control = control
        self._folder = folder
        self._run = host_state.folder_run(folder)
        self._cluster: HostCluster | None = None
        self._injected: dict[int, ActiveInjection] = {}
        self.heard = time.monotonic()

    def notify(self, **event: Any) -> None:
        """Say something to the harness. If it is gone, the end of the orders tells."""
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps(event) + "\n")
            sys.stdout.flush()

    async def handle(self, line: str) -> None:
        """Carry out an order, and answer it."""
        self.heard = time.monotonic()
        order = json.loads(line)
        if order["do"] == "beat":
            return
        try:
            verb: Callable[..., Awaitable[Any]] = getattr(self, f"do_{order['do']}")
            answer = await verb(**order.get("with", {}))
            if self._cluster is not None:
                self.notify(holders=self._cluster.node.holders)
            self.notify(id=order["id"], **{"is": answer})
        except (SplitbrainError, OSError) as error:
            self.notify(id=order["id"], failed=str(error) or type(error).__name__, kind=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a bug of ours is told to the harness, which ends the run
            self.notify(id=order["id"], failed=f"{type(error).__name__}: {error}", kind="bug")

    async def do_own(self, owner: str, everything: bool) -> dict[str, Any]:
        """Take the host for a run, and remove what dead runs have left."""
        host_state.own(self._folder, owner)
        gone = await asyncio.to_thread(host_state.claim, self._folder, everything=everything)
        about = {"python": platform.python_version(), "kernel": platform.release(), "machine": platform.machine()}
        return {"removed": gone, "user": os.geteuid(), **about, "control": self._control.address}

    async def do_able(self, relative_waits: bool, members: list[str]) -> dict[str, str | None]:
        """The reason, of each injection that is done here, why it cannot be, or null."""
        deployment = made({"relative_waits": relative_waits})
        elsewhere = get_args(Maintenance | Reconfiguration)
        kinds = {name: kind for name, kind in KINDS.items() if kind not in elsewhere}
        return {name: await asyncio.to_thread(self._unable, kind, deployment, members) for name, kind in kinds.items()}

    def _unable(self, kind: type, deployment: Process, members: list[str]) -> str | None:
        if needs_root(kind) and os.geteuid() != 0:
            return "it takes root there: set sudo = true, or log in as root"
        handler = HANDLERS.get(kind)
        if handler is not None and _of_links(kind) and self._control.address in members:
            return own_address(self._control.address)
        if handler is not None and handler.machine is packets.unable:
            return packets.unqueueable()
        reason = unsupported(kind, deployment)
        if kind in (Cut, CutClients) and reason is None:
            return host_state.uncuttable(self._run)
        return reason

    async def do_prepare(self, name: str, members: dict[str, str], node: Spec, injections: list[str], now: int) -> None:
        """Have everything ready for the node's start. now: the run's time, in nanoseconds."""
        base = now - time.monotonic_ns()
        place = Place(name, members[name], self._folder / name, members)
        self._cluster = HostCluster(
            place, made(node), self._run, self._folder, self._control, self.notify, lambda: base + time.monotonic_ns()
        )
        await self._cluster.ready_for(node["uploads"], [KINDS[injection] for injection in injections])

    @property
    def _there(self) -> HostCluster:
        if self._cluster is None:
            raise InfrastructureError("nothing was prepared here")
        return self._cluster

    async def do_start(self) -> None:
        """Start the node, if it does not run."""
        await self._there.node.start()

    async def do_kill(self) -> None:
        """Kill the node."""
        await self._there.node.kill()

    async def do_stop(self, seconds: float) -> None:
        """Ask the node to end."""
        await self._there.node.stop(seconds)

    async def do_hold(self) -> None:
        """Hold the node down; that it ends from now on is no death."""
        await self._there.node.hold()

    async def do_let_go(self) -> None:
        """Hold it down no longer."""
        await self._there.node.let_go()

    async def do_remake(self, joins: dict[str, str], node: Spec, empty: bool) -> None:
        """Make the node come to be like this from its next start on."""
        place = replace(self._there.node.place, joins=joins)
        await self._there.remake(place, made(node), node["uploads"], empty=empty)

    async def do_settle(self) -> None:
        """Settle the node, which is ready."""
        self._there.settle()

    async def do_lines(self) -> tuple[str, ...]:
        """The last lines of the node's log."""
        return self._there.node.last_lines()

    async def do_inject(self, number: int, injection: dict[str, Any], admin_command: list[str]) -> None:
        """Inject, to be healed by its number. admin_command: the command by which the node is given work, if it is."""
        self._injected[number] = await self._there.inject_with_command(from_json(injection), admin_command)

    async def do_heal(self, number: int) -> dict[str, float]:
        """Heal: the bite."""
        return dict(await self._injected[number].heal())

    async def do_end(self) -> list[str]:
        """End the node and all injections; the files that tell of it."""
        if self._cluster is not None:
            await self._cluster.down()
        return [str(file) for file in sorted((self._folder / "logs").glob("*")) if file.is_file()]

    def tell_deaths(self) -> None:
        """Have the harness know of all."""
        if self._cluster is not None:
            self._cluster.node.tell_deaths()

    async def close(self) -> None:
        """Take everything down and leave the host as it was."""
        try:
            if self._cluster is not None:
                await self._cluster.down()
        finally:
            processes.kill_all(lambda: host_state.members(self._run, self._folder))
            host_state.drop_rules(self._run)
            scratch.clear(self._folder)


def _of_links(injection: type) -> bool:
    """Whether an injection is one of links between nodes."""
    return any(field.name == "links" for field in fields(injection))


def made(node: Spec) -> Process:
    """A deployment as this side needs it: the harness itself asks nodes whether they are ready, and for maintenance."""

    async def ready(place: Place) -> bool:
        raise InfrastructureError("the harness asks whether nodes are ready")

    files = {name: base64.b64decode(data) for name, data in node.get("files", {}).items()}
    return Process(
        argv=lambda place: node["argv"],
        ready=ready,
        port=0,
        files=lambda place: files,
        variables=node.get("variables", {}),
        relative_waits=node["relative_waits"],
        respawn=node.get("respawn", False),
    )


async def serve(control: Control, folder: Path) -> None:
    """Serve until the orders end, nothing is heard any more, or a signal comes."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in ENDING:
        loop.add_signal_handler(number, over.set)
    agent = Agent(control, folder)
    reader = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    under_way: set[asyncio.Task[None]] = set()

    async def orders() -> None:
        while line := await reader.readline():
            task = loop.create_task(agent.handle(line.decode()))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        over.set()

    listening = loop.create_task(orders())
    try:
        agent.notify(splitbrain="ready")
        while not over.is_set() and time.monotonic() - agent.heard < SILENCE_SECONDS:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 1.0)
            agent.tell_deaths()
    finally:
        listening.cancel()
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way, timeout=CANCEL_SECONDS)
        await agent.close()


def main(connection: str, folder: str) -> int:
    """connection: the words of SSH_CONNECTION: the harness's address and port, ours and its port."""
    words = connection.split()
    if len(words) != 4:
        sys.exit(f"the SSH server does not say in SSH_CONNECTION who is connected, but {connection!r}")
    # Some mechanisms start processes of our own code.
    os.environ["PYTHONPATH"] = str(Path(folder) / CODE)
    asyncio.run(serve(Control(words[0], int(words[3])), Path(folder)))
    return 0
