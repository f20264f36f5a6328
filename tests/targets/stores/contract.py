"""Contract of own stores, in every environment. The stage on which the contract tests play; one arm per kind of
environment. To add an arm: one class with these members, one line in `ARMS`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from splitbrain import registry
from splitbrain.harness.deployment import Deployment
from splitbrain.harness.environment import Cluster, Environment
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.injection import ActiveInjection, Cut, FailDisk, Kill, links_between
from splitbrain.harness.node import Channel, Node
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets import STORES
from splitbrain.targets.stores import StoreTarget
from splitbrain.targets.stores.client import StoreClient, StoreError
from splitbrain.targets.stores.messages import Request, Response

TARGETS: dict[str, type[StoreTarget]] = {name: registry.target_class(name) for name in STORES}


class Arm(Protocol):
    """A kind of environment under the contract tests."""

    name: str

    def environment(self, seed: int) -> Environment:
        """A fresh environment."""

    def deployment(self, target: StoreTarget) -> Deployment:
        """The way in which the target's nodes come to be there."""


class SimArm:
    """The simulator."""

    name = "sim"

    def environment(self, seed: int) -> Environment:
        """A simulator."""
        return Sim(seed)

    def deployment(self, target: StoreTarget) -> Deployment:
        """The simulated one."""
        return next(found for found in target.deployments if found.environment == self.name)


class LocalArm:
    """Processes of this machine; only inside the namespaces of `--env local`, see test_contract_local.py."""

    name = "local"

    def environment(self, seed: int) -> Environment:
        """The local environment."""
        return Local(seed)

    def deployment(self, target: StoreTarget) -> Deployment:
        """The one of processes."""
        return next(found for found in target.deployments if found.environment == self.name)


ARMS: tuple[Arm, ...] = (LocalArm(),) if namespaces.inside() else (SimArm(),)


def store(spec: str) -> StoreTarget:
    """The target of `name:option=value,…`."""
    name, _, options = spec.partition(":")
    given = dict(word.split("=") for word in options.split(",") if word)
    return TARGETS[name](settle(TARGETS[name].options, given, name))


@dataclass
class StoreStage:
    """A cluster that is up, and clients of it."""

    target: StoreTarget
    cluster: Cluster
    clients: dict[str, StoreClient] = field(default_factory=dict)

    @property
    def nodes(self) -> Sequence[Node]:
        """All members, in order."""
        return self.cluster.nodes

    def node(self, name: str) -> Node:
        """A member by name."""
        return next(node for node in self.nodes if node.name == name)

    def others(self, *names: str) -> list[str]:
        """All names but these."""
        return [node.name for node in self.nodes if node.name not in names]

    async def ask(self, node: str, f: str, key: Any, value: Any = None, seconds: float = 2.0) -> Outcome:
        """One operation over a client of a node, judged by the error table as in a test."""
        operation = Operation(f, value, key)
        try:
            async with asyncio.timeout(seconds):
                client = self.clients.get(node)
                if client is None:
                    client = self.target.client(self.node(node))
                    await client.open()
                    self.clients[node] = client
                return await client.invoke(operation)
        except Exception as error:  # noqa: BLE001 - as a test's worker does: the error table decides
            stale = self.clients.pop(node, None)
            if stale is not None:
                await stale.close()
            return self.target.errors.outcome(operation, error, effects=self.target.operations[f].effects)

    async def insist(self, node: str, f: str, key: Any, value: Any = None, seconds: float = 20.0) -> Outcome:
        """Ask again and again until it is done; for what may be done twice."""
        async with asyncio.timeout(seconds):
            while True:
                outcome = await self.ask(node, f, key, value)
                if outcome.type is EventType.OK:
                    return outcome
                await asyncio.sleep(0.05)

    async def serves(self, seconds: float = 20.0) -> None:
        """Wait until the store serves."""
        if "write" in self.target.operations:
            await self.insist("n1", "write", "ready", True)
            return
        async with asyncio.timeout(seconds):
            while True:
                client = self.target.client(self.node("n1"))
                try:
                    await client.open()
                    await client.setup()
                except (ConnectionError, StoreError):
                    await asyncio.sleep(0.05)
                else:
                    return
                finally:
                    await client.close()

    async def send(self, node: str, request: Request) -> Response:
        """One request as it is, over a connection of its own, as soon as the node takes one."""
        channel = await self._connected(node)
        try:
            response: Response = await channel.request(request)
        finally:
            await channel.close()
        return response

    async def _connected(self, node: str, seconds: float = 20.0) -> Channel:
        """A connection; a node that was just started may not listen yet."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    channel: Channel = await self.node(node).connect()
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
                else:
                    return channel

    async def leader(self, among: Sequence[str] | None = None, seconds: float = 20.0) -> str:
        """The one node among these that believes to lead; waits until there is exactly one. Where all are peers, the
        first."""
        names = self.others() if among is None else among
        async with asyncio.timeout(seconds):
            while True:
                roles = await self.target.roles([self.node(name) for name in names])
                leaders = [name for name, role in roles.items() if role in ("leader", "primary")]
                leaders = leaders or [name for name, role in roles.items() if role == "peer"][:1]
                if len(leaders) == 1:
                    return leaders[0]
                await asyncio.sleep(0.05)

    async def kill(self, *names: str) -> ActiveInjection:
        """Kill nodes; healing restarts them."""
        return await self.cluster.inject(Kill(names))

    async def break_disks(self, *names: str) -> ActiveInjection:
        """Let writes and syncs of nodes fail; healing mends the disks, and starts those that have ended."""
        return await self.cluster.inject(FailDisk(names, "EIO"))

    async def isolate(self, *names: str) -> ActiveInjection:
        """Cut these nodes off from the others; healing joins them again."""
        return await self.cluster.inject(Cut(links_between(names, self.others(*names))))


Story = Callable[[StoreStage], Awaitable[None]]


def play(arm: Arm, spec: str, story: Story, nodes: int = 3, seed: int = 1, *, ends: bool = False) -> None:
    """Bring a store up, wait until it serves, and let the story happen. ends: nodes may end by themselves in it."""
    target = store(spec)
    environment = arm.environment(seed)
    names = [f"n{i + 1}" for i in range(nodes)]

    async def main() -> None:
        cluster = await environment.up(arm.deployment(target), names, None)
        stage = StoreStage(target, cluster)
        try:
            await stage.serves()
            await story(stage)
            assert ends or not cluster.deaths()
        finally:
            for client in stage.clients.values():
                await client.close()
            await cluster.down()

    environment.run(main)
