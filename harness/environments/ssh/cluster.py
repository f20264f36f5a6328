"""What is a cluster of hosts? One node on each, hurt by the agent there; each does its share of an injection.

The trap: hosts are reached one by one, so what is done to several begins within milliseconds, not at one moment; and
one that cannot be reached must not keep the others from being cleaned up.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from splitbrain.harness.cleanup import CleanUp, shielded
from splitbrain.harness.deployment import Host, Place
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.real.cluster import COUNTERS
from splitbrain.harness.environments.real.harm import MaintenanceDone, RestartOnHeal
from splitbrain.harness.environments.real.unsupported import NO_MEMBERSHIP
from splitbrain.harness.environments.ssh.agent.host_state import folder_of
from splitbrain.harness.environments.ssh.agent_client import AgentClient, Event, call
from splitbrain.harness.environments.ssh.node import START_SECONDS, RemoteNode
from splitbrain.harness.environments.ssh.serialization import to_json
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import (
    ActiveInjection,
    Bite,
    ChangeMembers,
    Cut,
    Impair,
    Injection,
    Limp,
    Maintenance,
    Reconfiguration,
    SkewAllClocks,
    SkewClock,
    Upgrade,
    WithholdVotes,
    total,
)
from splitbrain.harness.reconfiguring.membership import ActiveMembershipChange
from splitbrain.harness.reconfiguring.upgrade import ActiveUpgrade

HEAL_SECONDS = 45.0
"""Longer than for an answer: work that nodes were given may be waited for."""


@dataclass
class RemoteInjection:
    """An injection that several hosts carry out together."""

    links: Mapping[str, AgentClient]
    number: int

    async def heal(self) -> Bite:
        heals = [link.ask("heal", limit=HEAL_SECONDS, number=self.number) for link in self.links.values()]
        return total(await _all(heals))


class HostsCluster:
    """See `harness.environment.Cluster`."""

    def __init__(
        self, deployment: Host, names: Sequence[str], links: Sequence[AgentClient], folder: Path, now: Callable[[], int]
    ) -> None:
        members = {name: link.host.address for name, link in zip(names, links, strict=True)}
        self._links = dict(zip(names, links, strict=True))
        self._nodes = {
            name: RemoteNode(
                Place(name, members[name], folder_of(link.run) / name, members),
                deployment,
                link,
                folder / f"{name}.log",
                now,
                self.note,
            )
            for name, link in self._links.items()
        }
        self._deployment = deployment
        self._folder = folder
        self._now = now
        self._notes: list[str] = []
        self._numbers = itertools.count(1)
        self._under_way: list[RestartOnHeal] = []
        """Harm that is not healed yet, but for reconfigurations."""
        self._reconfiguring = asyncio.Lock()
        self._down = False

    @property
    def nodes(self) -> Sequence[RemoteNode]:
        return tuple(self._nodes.values())

    def deaths(self) -> Sequence[Death]:
        return sorted((death for node in self.nodes for death in node.deaths), key=lambda death: death.time)

    async def up(self, harms: Collection[type[Injection]]) -> None:
        """Copy what the nodes need, start them, and wait until all are ready. InfrastructureError if they do not come
        up in time."""
        loop = asyncio.get_running_loop()
        for name, link in self._links.items():
            link.on_event = self._hearing(name, loop)
            self.note(f"{name} on {link.host}: {_told(link.about)}")
        await _all([self._prepare(node, harms) for node in self.nodes])
        await _all([node.start() for node in self.nodes])
        deadline = loop.time() + self._deployment.ready_seconds
        await _all([node.wait_ready(deadline) for node in self.nodes])
        await _all([node.agent.ask("settle") for node in self.nodes])

    async def _prepare(self, node: RemoteNode, harms: Collection[type[Injection]]) -> None:
        made = await node.made()
        names = [kind.__name__ for kind in harms]
        members = dict(node.place.members)
        await node.agent.ask(
            "prepare", limit=START_SECONDS, name=node.name, members=members, node=made, harms=names, now=self._now()
        )

    def note(self, text: str) -> None:
        """A line about this environment, beside the nodes' logs; said once."""
        if text not in self._notes:
            self._notes.append(text)
            (self._folder / "environment.txt").write_text("\n".join(self._notes) + "\n")

    def _hearing(self, name: str, loop: asyncio.AbstractEventLoop) -> Callable[[Event], object]:
        """What hands a host's events to the event loop."""

        def hear(event: Event) -> None:
            # The loop may have ended when a host is lost sight of.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._heed, name, event)

        return hear

    def _heed(self, name: str, event: Event) -> None:
        if "note" in event:
            self.note(event["note"])
        else:
            self._nodes[name].on_event(event)

    async def inject(self, injection: Injection) -> ActiveInjection:
        shares = self._shares(injection)
        nodes = [self._nodes[name] for name in shares]
        if isinstance(injection, ChangeMembers | Upgrade):
            return RestartOnHeal(await self._reconfigured(injection, nodes), nodes)
        if isinstance(injection, Maintenance) and type(injection) in self._deployment.admin_calls:
            kind = type(injection)
            done = MaintenanceDone(nodes, self._deployment.admin_calls[kind], COUNTERS[kind])
            await done.inject()
            return done
        # Nodes that died meanwhile are restarted by their hosts.
        healing = RestartOnHeal(await self._shared(shares), ())
        self._under_way = [*(one for one in self._under_way if not one.healed), healing]
        return healing

    async def _shared(self, shares: Mapping[str, Injection]) -> ActiveInjection:
        """Have hosts do their shares; all or none."""
        injected = RemoteInjection({name: self._links[name] for name in shares}, next(self._numbers))
        orders = [
            link.ask(
                "inject",
                number=injected.number,
                injection=to_json(shares[name]),
                admin_command=self._errand(shares[name], self._nodes[name]),
            )
            for name, link in injected.links.items()
        ]
        try:
            await shielded(_all(orders))
        except BaseException:
            # Some may have done their share. What went wrong first is told; what this adds to it is a consequence.
            with contextlib.suppress(InfrastructureError):
                await shielded(injected.heal())
            raise
        return injected

    async def _reconfigured(self, injection: Reconfiguration, nodes: Sequence[RemoteNode]) -> ActiveInjection:
        shared = self._reconfiguring, self._calm, self._note_now
        harm: ActiveMembershipChange | ActiveUpgrade
        if isinstance(injection, Upgrade):
            harm = ActiveUpgrade(nodes, injection.ahead, self._deployment, *shared)
        elif self._deployment.membership is not None:
            harm = ActiveMembershipChange(nodes, self.nodes, self._deployment.membership, *shared)
        else:
            raise UsageError(NO_MEMBERSHIP)
        await harm.inject()
        return harm

    def _errand(self, injection: Injection, node: RemoteNode) -> list[str]:
        """The command by which a node is given work, where it is done so."""
        if not isinstance(injection, Maintenance):
            return []
        return [str(word) for word in self._deployment.admin_commands[type(injection)](node.place)]

    def _calm(self) -> bool:
        """Whether nothing but reconfigurations is under way."""
        return all(one.healed for one in self._under_way)

    def _note_now(self, text: str) -> None:
        self.note(f"{self._now() / 1e9:.1f} s: {text}")

    def _shares(self, injection: Injection) -> dict[str, Injection]:
        """What each host has to do."""
        match injection:
            case Cut(links) | Impair(links) | Limp(links) | WithholdVotes(links):
                names = sorted({name for link in links for name in link})
                self._known(names)
                return dict.fromkeys(names, injection)
            case SkewClock(name) | SkewAllClocks(name):
                self._known([name])
                return {name: injection}
            case _:
                self._known(injection.nodes)
                return {name: replace(injection, nodes=(name,)) for name in injection.nodes}

    def _known(self, names: Sequence[str]) -> None:
        unknown = [name for name in names if name not in self._nodes]
        if unknown:
            raise UsageError(f"no node is called {unknown[0]!r}; there are {', '.join(self._nodes)}")

    async def down(self) -> None:
        """See `harness.environment.Cluster`; the logs are here afterwards."""
        if self._down:
            return
        self._down = True
        async with CleanUp() as cleaning:
            cleaning.add("leaving the hosts", self._left)
            cleaning.add("ending the nodes and fetching their logs", self._ended)

    async def _ended(self) -> None:
        await _all([self._end(link) for link in self._links.values()])

    async def _left(self) -> None:
        await _all([call(link.close) for link in self._links.values()])

    async def _end(self, link: AgentClient) -> None:
        files = await link.ask("end", limit=HEAL_SECONDS)
        await call(link.connection.with_files, lambda sftp: self._fetch(sftp, files))

    def _fetch(self, sftp: Any, files: Sequence[str]) -> None:
        for file in files:
            with sftp.open(file, "rb") as source, (self._folder / Path(file).name).open("ab") as goal:
                source.prefetch()
                while piece := source.read(1 << 20):
                    goal.write(piece)


async def _all(orders: Sequence[Any]) -> list[Any]:
    """The results of all, once all have ended; the first error if there is one."""
    done = await asyncio.gather(*orders, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return list(done)


def _told(about: Mapping[str, Any]) -> str:
    user = "root" if about["user"] == 0 else f"user {about['user']}"
    words = f"Linux {about['kernel']} {about['machine']}, Python {about['python']}, as {user}"
    return f"{words}, the harness at {about['control']}"
