"""What is a cluster whose processes run on this machine? Nodes that are started, watched, and harmed by name.

How its nodes are made, and on which network they live, says the environment. The trap: `close` runs on every path, also
when half of `up` has failed, so each part may be there or not.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from splitbrain.harness.deployment import Served
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.linux.packets import Packets, means
from splitbrain.harness.environments.linux.partitions import Partitions
from splitbrain.harness.environments.linux.volume import Volume
from splitbrain.harness.environments.real import clocks
from splitbrain.harness.environments.real.admin_commands import ActiveAdminCommand
from splitbrain.harness.environments.real.clocks import ActiveClockSkew, NodeClock
from splitbrain.harness.environments.real.disk_faults import ActiveDiskFault, DiskTrouble, NodeDisk, known
from splitbrain.harness.environments.real.disk_full import ActiveFullDisk
from splitbrain.harness.environments.real.harm import (
    ActiveCut,
    ActiveImpairment,
    ActivePause,
    MaintenanceDone,
    RestartOnHeal,
)
from splitbrain.harness.environments.real.member import HostedMember
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.environments.real.node_down import ActiveDamage, ActiveKill, ActivePowerLoss, ActiveStop, Downed
from splitbrain.harness.environments.real.sampling import sample
from splitbrain.harness.environments.real.unsupported import NO_MEMBERSHIP
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    ActiveInjection,
    ChangeMembers,
    Compact,
    Cut,
    Defragment,
    FailDisk,
    FillDisk,
    FlipBits,
    Flush,
    Impair,
    Injection,
    Kill,
    Limp,
    Link,
    Maintenance,
    Pause,
    PowerLoss,
    Reconfiguration,
    Repair,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
    Upgrade,
    WithholdVotes,
)
from splitbrain.harness.reconfiguring.membership import ActiveMembershipChange
from splitbrain.harness.reconfiguring.upgrade import ActiveUpgrade

COUNTERS: Mapping[type[Maintenance], str] = {
    Compact: "compactions",
    Defragment: "defragmentations",
    Flush: "flushes",
    Repair: "repairs",
}
"""What a bite counts, by the kind of maintenance."""


class RealCluster(ABC):
    """See `harness.environment.Cluster`. folder: where logs go. scratch: for what goes away with the cluster."""

    def __init__(
        self,
        deployment: Served,
        nodes: Sequence[RealNode],
        partitions: Partitions,
        packets: Packets,
        folder: Path,
        scratch: Path,
        now: Callable[[], int],
    ) -> None:
        self.folder = folder
        self._deployment = deployment
        self._members = {node.name: node for node in nodes}
        self._partitions = partitions
        self._packets = packets
        self._scratch = scratch
        self._now = now
        self._notes: list[str] = []
        self._disks: dict[str, NodeDisk] = {}
        self._clocks: dict[str, NodeClock] = {}
        self._sampling: asyncio.Task[None] | None = None
        self._under_way: list[RestartOnHeal] = []
        """Harm that is not healed yet, but for reconfigurations."""
        self._reconfiguring = asyncio.Lock()

    @property
    def nodes(self) -> Sequence[RealNode]:
        return tuple(self._members.values())

    def deaths(self) -> Sequence[Death]:
        return sorted((death for node in self.nodes for death in node.deaths), key=lambda death: death.time)

    async def up(self, harms: Collection[type[Injection]] = ()) -> None:
        """Write the nodes' files, prepare for these kinds of harm, start all, and wait until all are ready.
        InfrastructureError if they do not come up in time."""
        self.note(f"network {self._packets.network}, the harness at {self._packets.harness}")
        await self.prepare(harms)
        await asyncio.gather(*(node.start() for node in self.nodes))
        deadline = asyncio.get_running_loop().time() + self._deployment.ready_seconds
        await asyncio.gather(*(node.wait_ready(deadline) for node in self.nodes))
        self.settle()

    async def prepare(self, harms: Collection[type[Injection]]) -> None:
        """Write the nodes' files, and have them ready for these kinds of harm. Before they start."""
        for node in self.nodes:
            self._write_files(node)
        if PowerLoss in harms:
            await asyncio.gather(*(self._attach(node) for node in self.nodes))
        if SkewClock in harms:
            await clocks.prepare(self.nodes, self._scratch)

    def settle(self) -> None:
        """When all are ready: look that they are prepared, and note from now on what they use. InfrastructureError if
        one cannot be harmed as it was prepared for."""
        for node in self.nodes:
            clocks.prepared(node)
        self._sampling = asyncio.get_running_loop().create_task(
            sample(self.nodes, self.folder / "resources.jsonl", self._now)
        )

    def note(self, text: str) -> None:
        """A line about this environment, beside the nodes' logs; said once."""
        if text not in self._notes:
            self._notes.append(text)
            (self.folder / "environment.txt").write_text("\n".join(self._notes) + "\n")

    def _write_files(self, node: RealNode) -> None:
        node.place.folder.mkdir(parents=True, exist_ok=True)
        for name, contents in self._deployment.files(node.place).items():
            if name.startswith("/"):
                continue  # not in its folder: whoever makes the node puts it there
            file = node.place.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    async def _attach(self, node: RealNode) -> None:
        node.volume = Volume(node.place.folder, self._scratch / f"{node.name}.filesystem")
        await node.volume.attach()

    async def inject(self, injection: Injection) -> ActiveInjection:
        if isinstance(injection, Limp):
            injection = Impair(injection.links, rate_kbit=injection.rate_kbit)
        nodes = self._hurt(injection)
        if isinstance(injection, ChangeMembers | Upgrade):
            return RestartOnHeal(await self._reconfigured(injection, nodes), nodes)
        healing = RestartOnHeal(await self._do(injection, nodes), nodes)
        self._under_way = [*(one for one in self._under_way if not one.healed), healing]
        return healing

    async def _reconfigured(self, injection: Reconfiguration, nodes: Sequence[RealNode]) -> ActiveInjection:
        concerned, everybody = (
            [HostedMember(node, self._write_files) for node in some] for some in (nodes, self.nodes)
        )
        shared = self._reconfiguring, self._calm, self._note_now
        harm: ActiveMembershipChange | ActiveUpgrade
        if isinstance(injection, Upgrade):
            harm = ActiveUpgrade(concerned, injection.ahead, self._deployment, *shared)
        elif self._deployment.membership is not None:
            harm = ActiveMembershipChange(concerned, everybody, self._deployment.membership, *shared)
        else:
            raise UsageError(NO_MEMBERSHIP)
        await harm.inject()
        return harm

    def _calm(self) -> bool:
        """Whether nothing but reconfigurations is under way."""
        return all(one.healed for one in self._under_way)

    def _note_now(self, text: str) -> None:
        self.note(f"{self._now() / 1e9:.1f} s: {text}")

    def _hurt(self, injection: Injection) -> list[RealNode]:
        """The nodes that an injection is about."""
        match injection:
            case Cut(links) | Impair(links) | Limp(links) | WithholdVotes(links):
                return self._named(sorted({name for link in links for name in link}))
            case SkewClock(name) | SkewAllClocks(name):
                return self._named([name])
            case _:
                return self._named(injection.nodes)

    async def _do(self, injection: Injection, nodes: list[RealNode]) -> ActiveInjection:
        match injection:
            case Cut(links):
                return ActiveCut(await self._partitions.cut(self._pairs(links)))
            case Impair(links):
                figures = _figures(injection)
                self.note(f"packets by {means(figures)}")
                return ActiveImpairment(await self._packets.impair(self._pairs(links), **figures), injection)
        harm: (
            Downed
            | ActivePause
            | ActiveClockSkew
            | ActiveDiskFault
            | ActiveFullDisk
            | MaintenanceDone
            | ActiveAdminCommand
        )
        match injection:
            case Kill():
                harm = ActiveKill(nodes, injection)
            case Stop():
                harm = ActiveStop(nodes, injection)
            case FlipBits() | TruncateFile():
                spared = frozenset(name for node in nodes for name in self._deployment.files(node.place))
                harm = ActiveDamage(nodes, injection, spared)
            case PowerLoss():
                harm = ActivePowerLoss(nodes)
            case FillDisk():
                harm = ActiveFullDisk(nodes, injection)
            case Pause():
                harm = ActivePause(nodes)
            case SkewClock(name) | SkewAllClocks(name):
                clock = self._clocks.setdefault(name, NodeClock(nodes[0]))
                harm = ActiveClockSkew(nodes[0], clock, self._deployment, injection)
            case SlowDisk(_, delay_ms):
                trouble = DiskTrouble(delay_us=max(1, round(delay_ms * 1e3)))
                harm = ActiveDiskFault(self._shares(nodes, trouble), "syncs_delayed")
            case FailDisk(_, error):
                harm = ActiveDiskFault(self._shares(nodes, DiskTrouble(errno=known(error))), "calls_failed")
            case Compact() | Defragment() | Flush() | Repair():
                harm = self._maintained(type(injection), nodes)
        await harm.inject()
        return harm

    def _maintained(self, kind: type[Maintenance], nodes: list[RealNode]) -> ActiveAdminCommand | MaintenanceDone:
        if kind in self._deployment.admin_commands:
            return ActiveAdminCommand(nodes, self._deployment.admin_commands[kind], COUNTERS[kind])
        return MaintenanceDone(nodes, self._deployment.admin_calls[kind], COUNTERS[kind])

    def _shares(self, nodes: Sequence[RealNode], trouble: DiskTrouble) -> list[tuple[NodeDisk, DiskTrouble]]:
        disks = [self._disks.setdefault(node.name, NodeDisk(node, self._scratch)) for node in nodes]
        return [(disk, replace(trouble)) for disk in disks]

    def _named(self, names: Sequence[str]) -> list[RealNode]:
        unknown = [name for name in names if name not in self._members]
        if unknown:
            raise UsageError(f"no node is called {unknown[0]!r}; there are {', '.join(self._members)}")
        return [self._members[name] for name in names]

    def _pairs(self, links: Sequence[Link]) -> list[tuple[str, str]]:
        return [(a.address, b.address) for a, b in (self._named(link) for link in links)]

    async def close(self) -> None:
        """End the nodes and the harm done to them. Safe to call twice."""
        if self._sampling is not None:
            self._sampling.cancel()
            self._sampling = None
        await asyncio.gather(*(node.retire() for node in self.nodes))
        await asyncio.gather(*(disk.close() for disk in self._disks.values()))
        await asyncio.gather(*(node.volume.detach() for node in self.nodes if node.volume is not None))
        await self._packets.close()

    @abstractmethod
    async def down(self) -> None:
        """See `harness.environment.Cluster`: `close`, and what belongs to the environment."""


def _figures(injection: Impair) -> dict[str, float]:
    """The numbers of an impairment, by name."""
    return {entry.name: getattr(injection, entry.name) for entry in fields(injection) if entry.name != "links"}
