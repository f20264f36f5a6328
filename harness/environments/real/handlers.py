"""The table of injections: how each is carried out on nodes whose processes are seen from here, and where it cannot be.

To add one: its data in `harness.injection`, a function here with `handles`, and a handler of the simulator. What an
environment says of it (`unsupported`) follows from the table.
"""

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from splitbrain.harness.deployment import Process, Served
from splitbrain.harness.environments.linux import packets, tools, tracing, volume
from splitbrain.harness.environments.linux.client_cuts import ClientCuts
from splitbrain.harness.environments.linux.packets import Packets
from splitbrain.harness.environments.linux.partitions import Partitions
from splitbrain.harness.environments.real import clocks
from splitbrain.harness.environments.real.active import (
    ActiveAdminCall,
    ActiveClientCut,
    ActiveCut,
    ActiveImpairment,
    ActivePause,
    Untouched,
    counters,
)
from splitbrain.harness.environments.real.admin_commands import ActiveAdminCommand
from splitbrain.harness.environments.real.clocks import ActiveClockSkew, NodeClock
from splitbrain.harness.environments.real.disk_faults import ActiveDiskFault, DiskTrouble, NodeDisk, known
from splitbrain.harness.environments.real.disk_full import ActiveFullDisk
from splitbrain.harness.environments.real.node_down import ActiveDamage, ActiveKill, ActivePowerLoss, ActiveStop
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.injection import (
    MAINTENANCE_COUNTERS,
    ActiveInjection,
    Cut,
    CutClients,
    FailDisk,
    FillDisk,
    FlipBits,
    Impair,
    ImpairClients,
    Kill,
    Limp,
    Link,
    Maintenance,
    Pause,
    PowerLoss,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
)

ABSOLUTE_WAITS = (
    "the rate of the monotonic clock cannot be changed, as this program may wait until absolute times, which would "
    "then never come: use --env sim, or a store of our own"
)
NOT_ASKED = "these nodes cannot be asked for it"


@dataclass
class Site:
    """The parts of a cluster that handlers work with. pairs: links as addresses, of those that end here."""

    deployment: Served
    partitions: Partitions
    packets: Packets
    clients: ClientCuts
    scratch: Path
    note: Callable[[str], None]
    pairs: Callable[[Sequence[Link]], Sequence[tuple[str, str]]]
    disks: dict[str, NodeDisk] = field(default_factory=dict)
    clocks: dict[str, NodeClock] = field(default_factory=dict)

    def disk(self, node: PidNode) -> NodeDisk:
        """The one object through which all faults of one node's disk go."""
        return self.disks.setdefault(node.name, NodeDisk(node, self.scratch))

    def clock(self, node: PidNode) -> NodeClock:
        """The faults of one node's clock, likewise through one object."""
        return self.clocks.setdefault(node.name, NodeClock(node))


Begin = Callable[[Site, Any, Sequence[PidNode]], Awaitable[ActiveInjection]]


@dataclass(frozen=True)
class Handler:
    """The way to carry out one kind of injection. machine: why it cannot be on this machine. nodes: why not to nodes of
    such a deployment. root: whether it takes root where the nodes are not in a namespace of the run's own."""

    begin: Begin
    machine: Callable[[], str | None]
    nodes: Callable[[Served], str | None]
    root: bool


HANDLERS: dict[type, Handler] = {}

B = TypeVar("B", bound=Begin)


def handles(
    *kinds: type,
    machine: Callable[[], str | None] = lambda: None,
    nodes: Callable[[type, Served], str | None] = lambda kind, deployment: None,
    root: bool = False,
) -> Callable[[B], B]:
    """Register a function as the handler of these kinds of injections; see `Handler`."""

    def registered(begin: B) -> B:
        for kind in kinds:
            HANDLERS[kind] = Handler(begin, machine, functools.partial(nodes, kind), root)
        return begin

    return registered


@handles(Cut, machine=lambda: tools.missing("nft"), root=True)
async def _cut(site: Site, injection: Cut, nodes: Sequence[PidNode]) -> ActiveInjection:
    pairs = site.pairs(injection.links)
    return ActiveCut(await site.partitions.cut(pairs)) if pairs else Untouched()


@handles(Impair, machine=packets.unable, root=True)
async def _impair(site: Site, injection: Impair, nodes: Sequence[PidNode]) -> ActiveInjection:
    figures = {name: getattr(injection, name) for name in packets.FIGURES}
    return await _impaired(site, injection.links, figures)


@handles(Limp, machine=packets.unable, root=True)
async def _limp(site: Site, injection: Limp, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _impaired(site, injection.links, {"rate_kbit": injection.rate_kbit})


async def _impaired(site: Site, links: Sequence[Link], figures: dict[str, float]) -> ActiveInjection:
    pairs = site.pairs(links)
    if not pairs:
        return Untouched()
    site.note(f"packets by {site.packets.means(figures)}")
    return ActiveImpairment(await site.packets.impair(pairs, **figures), counters(figures))


@handles(CutClients, machine=lambda: tools.missing("nft"), root=True)
async def _cut_clients(site: Site, injection: CutClients, nodes: Sequence[PidNode]) -> ActiveInjection:
    addresses = [node.address for node in nodes]
    ways = {"requests": injection.requests, "replies": injection.replies}
    return ActiveClientCut(await site.clients.cut(addresses, **ways, queued=injection.queued))


@handles(ImpairClients, machine=packets.unqueueable, root=True)
async def _impair_clients(site: Site, injection: ImpairClients, nodes: Sequence[PidNode]) -> ActiveInjection:
    figures = {"delay_ms": injection.delay_ms, "jitter_ms": injection.jitter_ms}
    impairing = await site.packets.impair_clients([node.address for node in nodes], **figures)
    return ActiveImpairment(impairing, ("delayed",), "requests")


@handles(Kill)
async def _kill(site: Site, injection: Kill, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _begun(ActiveKill(nodes, injection))


@handles(Stop)
async def _stop(site: Site, injection: Stop, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _begun(ActiveStop(nodes, injection))


@handles(Pause)
async def _pause(site: Site, injection: Pause, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _begun(ActivePause(nodes))


@handles(FlipBits, TruncateFile)
async def _damage(site: Site, injection: FlipBits | TruncateFile, nodes: Sequence[PidNode]) -> ActiveInjection:
    spared = frozenset(name for node in nodes for name in node.deployment.files(node.place))
    return await _begun(ActiveDamage(nodes, injection, spared))


@handles(PowerLoss, machine=functools.cache(volume.unable), root=True)
async def _power_loss(site: Site, injection: PowerLoss, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _begun(ActivePowerLoss(nodes))


@handles(FillDisk, machine=lambda: tools.missing("mount", "umount"), root=True)
async def _fill_disk(site: Site, injection: FillDisk, nodes: Sequence[PidNode]) -> ActiveInjection:
    return await _begun(ActiveFullDisk(nodes, injection))


_untraceable = functools.cache(tracing.unable)


@handles(SlowDisk, machine=_untraceable)
async def _slow_disk(site: Site, injection: SlowDisk, nodes: Sequence[PidNode]) -> ActiveInjection:
    trouble = DiskTrouble(delay_us=max(1, round(injection.delay_ms * 1e3)))
    return await _begun(ActiveDiskFault([(site.disk(node), replace(trouble)) for node in nodes], "syncs_delayed"))


@handles(FailDisk, machine=_untraceable)
async def _fail_disk(site: Site, injection: FailDisk, nodes: Sequence[PidNode]) -> ActiveInjection:
    trouble = DiskTrouble(errno=known(injection.errno))
    return await _begun(ActiveDiskFault([(site.disk(node), replace(trouble)) for node in nodes], "calls_failed"))


def _no_clock(kind: type, deployment: Served) -> str | None:
    """The reason that clocks of such nodes cannot be skewed like that, wherever clocks can be skewed."""
    if kind is SkewAllClocks and not deployment.relative_waits:
        return ABSOLUTE_WAITS
    if clocks.means() is clocks.Means.LIBRARY:
        if kind is SkewAllClocks:
            return clocks.MONOTONIC_IN_THE_VDSO
        if not isinstance(deployment, Process):
            return clocks.ONLY_PROCESSES
    return None


@handles(SkewClock, SkewAllClocks, machine=functools.cache(clocks.unable), nodes=_no_clock)
async def _skew(site: Site, injection: SkewClock | SkewAllClocks, nodes: Sequence[PidNode]) -> ActiveInjection:
    (node,) = nodes
    return await _begun(ActiveClockSkew(node, site.clock(node), node.deployment, injection))


def _not_asked(kind: type, deployment: Served) -> str | None:
    return None if kind in (*deployment.admin_calls, *deployment.admin_commands) else NOT_ASKED


@handles(*get_args(Maintenance), nodes=_not_asked)
async def _maintain(site: Site, injection: Maintenance, nodes: Sequence[PidNode]) -> ActiveInjection:
    kind = type(injection)
    if kind in site.deployment.admin_commands:
        command = site.deployment.admin_commands[kind]
        return await _begun(ActiveAdminCommand(nodes, command, MAINTENANCE_COUNTERS[kind]))
    return await _begun(ActiveAdminCall(nodes, site.deployment.admin_calls[kind], MAINTENANCE_COUNTERS[kind]))


async def _begun(active: Any) -> ActiveInjection:
    await active.inject()
    began: ActiveInjection = active
    return began
