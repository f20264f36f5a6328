"""HostsCluster: one node on each host, where an agent carries out injections; each host does its share of an injection.

Pitfall: hosts are reached one by one, so what is done to several begins within milliseconds, not at one moment; and
one that cannot be reached must not keep the others from being cleaned up.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from splitbrain.harness.cleanup import CleanUp, shielded
from splitbrain.harness.deployment import Host, Place
from splitbrain.harness.environments.real.active import ActiveAdminCall
from splitbrain.harness.environments.real.cluster import RealCluster, all_of
from splitbrain.harness.environments.ssh.agent.host_state import folder_of
from splitbrain.harness.environments.ssh.agent_client import AgentClient, Event, call
from splitbrain.harness.environments.ssh.node import START_SECONDS, RemoteNode
from splitbrain.harness.environments.ssh.serialization import to_json
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import MAINTENANCE_COUNTERS, ActiveInjection, Bite, Injection, Maintenance, total

HEAL_SECONDS = 45.0
"""Longer than for an answer: work that nodes were given may be waited for."""


@dataclass
class RemoteInjection:
    """An injection that several hosts carry out together."""

    agents: Mapping[str, AgentClient]
    number: int

    async def heal(self) -> Bite:
        heals = [agent.ask("heal", limit=HEAL_SECONDS, number=self.number) for agent in self.agents.values()]
        return total(await all_of(heals))


class HostsCluster(RealCluster[RemoteNode]):
    """See `harness.environment.Cluster`."""

    def __init__(
        self,
        deployment: Host,
        names: Sequence[str],
        agents: Sequence[AgentClient],
        folder: Path,
        now: Callable[[], int],
    ) -> None:
        self._agents = dict(zip(names, agents, strict=True))
        members = {name: agent.host.address for name, agent in self._agents.items()}
        nodes = [
            RemoteNode(
                Place(name, members[name], folder_of(agent.run) / name, members),
                deployment,
                agent,
                folder / f"{name}.log",
                now,
                self.note,
            )
            for name, agent in self._agents.items()
        ]
        super().__init__(deployment, nodes, folder, now)
        self._numbers = itertools.count(1)
        self._down = False

    async def up(self, injections: Collection[type[Injection]]) -> None:
        """Copy what the nodes need, start them, and wait until all are ready. InfrastructureError if they do not come
        up in time."""
        loop = asyncio.get_running_loop()
        for name, agent in self._agents.items():
            agent.on_event = self._hearing(name, loop)
            self.note(f"{name} on {agent.host}: {_told(agent.about)}")
        await all_of([self._prepare(node, injections) for node in self.nodes])
        await all_of([node.start() for node in self.nodes])
        await self._wait_ready()
        await all_of([node.agent.ask("settle") for node in self.nodes])

    async def _prepare(self, node: RemoteNode, injections: Collection[type[Injection]]) -> None:
        made = await node.made()
        names = [kind.__name__ for kind in injections]
        members = dict(node.place.members)
        await node.agent.ask(
            "prepare",
            limit=START_SECONDS,
            name=node.name,
            members=members,
            node=made,
            injections=names,
            now=self._now(),
        )

    def _hearing(self, name: str, loop: asyncio.AbstractEventLoop) -> Callable[[Event], object]:
        """A function that hands a host's events to the event loop."""

        def hear(event: Event) -> None:
            # The loop may have ended when a host is lost sight of.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._heed, name, event)

        return hear

    def _heed(self, name: str, event: Event) -> None:
        if "note" in event:
            self.note(event["note"])
        else:
            self._members[name].on_event(event)

    async def _begin(self, injection: Injection, nodes: Sequence[RemoteNode]) -> ActiveInjection:
        if isinstance(injection, Maintenance) and (ask := self._deployment.admin_calls.get(type(injection))):
            calls = ActiveAdminCall(nodes, ask, MAINTENANCE_COUNTERS[type(injection)])
            await calls.inject()
            return calls
        return await self._shared({node.name: share(injection, node.name) for node in nodes})

    async def _shared(self, shares: Mapping[str, Injection]) -> ActiveInjection:
        """Have hosts do their shares; all or none."""
        injected = RemoteInjection({name: self._agents[name] for name in shares}, next(self._numbers))
        orders = [
            agent.ask(
                "inject",
                number=injected.number,
                injection=to_json(shares[name]),
                admin_command=self._admin_command(shares[name], self._members[name]),
            )
            for name, agent in injected.agents.items()
        ]
        try:
            await shielded(all_of(orders))
        except BaseException:
            # Some may have done their share. What went wrong first is told; what this adds to it is a consequence.
            with contextlib.suppress(InfrastructureError):
                await shielded(injected.heal())
            raise
        return injected

    def _admin_command(self, injection: Injection, node: RemoteNode) -> list[str]:
        """The command by which a node is given work, where it is done so."""
        if not isinstance(injection, Maintenance):
            return []
        return [str(word) for word in self._deployment.admin_commands[type(injection)](node.place)]

    async def down(self) -> None:
        """See `harness.environment.Cluster`; the logs are here afterwards."""
        if self._down:
            return
        self._down = True
        async with CleanUp() as cleaning:
            cleaning.add("leaving the hosts", self._left)
            cleaning.add("ending the nodes and fetching their logs", self._ended)

    async def _ended(self) -> None:
        await all_of([self._end(agent) for agent in self._agents.values()])

    async def _left(self) -> None:
        await all_of([call(agent.close) for agent in self._agents.values()])

    async def _end(self, agent: AgentClient) -> None:
        files = await agent.ask("end", limit=HEAL_SECONDS)
        await call(agent.connection.with_files, lambda sftp: self._fetch(sftp, files))

    def _fetch(self, sftp: Any, files: Sequence[str]) -> None:
        for file in files:
            with sftp.open(file, "rb") as source, (self.folder / Path(file).name).open("ab") as goal:
                source.prefetch()
                while piece := source.read(1 << 20):
                    goal.write(piece)


def share(injection: Injection, name: str) -> Injection:
    """The part of an injection that the host of a node has to do: of `nodes` its own alone; of `links` it finds those
    that end there."""
    changes: dict[str, Any] = {"nodes": (name,)} if any(one.name == "nodes" for one in fields(injection)) else {}
    return replace(injection, **changes)


def _told(about: Mapping[str, Any]) -> str:
    user = "root" if about["user"] == 0 else f"user {about['user']}"
    words = f"Linux {about['kernel']} {about['machine']}, Python {about['python']}, as {user}"
    return f"{words}, the harness at {about['control']}"
