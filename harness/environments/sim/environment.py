"""`Sim`, an environment whose clusters live in this process under virtual time, and whose every byte is fixed by the
seed.

Pitfall: a run of a `Sim` can be reproduced only if what runs in it keeps the rules too: no real clock, no thread, no
unseeded draw, no order taken from a set, no `asyncio.wait` or `TaskGroup` where the order of its answers is seen.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

from splitbrain.harness.deployment import Deployment, Simulated
from splitbrain.harness.environment import Death, Launch
from splitbrain.harness.environments.sim.channel import ClientLink
from splitbrain.harness.environments.sim.clock import SimClock
from splitbrain.harness.environments.sim.disk import Disk, DiskOptions
from splitbrain.harness.environments.sim.fault_injector import CARRIED_OUT, FaultInjector
from splitbrain.harness.environments.sim.fault_site import FaultSite
from splitbrain.harness.environments.sim.log import NodeLog
from splitbrain.harness.environments.sim.loop import VirtualLoop
from splitbrain.harness.environments.sim.maintenance import NOT_ASKED
from splitbrain.harness.environments.sim.membership import SimMembership
from splitbrain.harness.environments.sim.network import Heard, Network, NetworkOptions
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.patience import interrupted_in_time
from splitbrain.harness.environments.sim.power import PowerSwitch
from splitbrain.harness.environments.sim.process import SimHost
from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue, nanoseconds
from splitbrain.harness.environments.sim.steps import StepRecorder
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import (
    NO_MEMBERSHIP,
    NO_UPGRADE,
    ActiveInjection,
    ChangeMembers,
    Injection,
    Maintenance,
    Unsupported,
    Upgrade,
)
from splitbrain.harness.marks import Marks
from splitbrain.harness.random_stream import RandomStream

T = TypeVar("T")

EVENTS_A_NODE = 50_000
"""Events that a node can handle in a virtual second for others than clients: one in 20 microseconds."""


@dataclass(frozen=True)
class SimOptions:
    """Options of the simulated world without faults.

    service_ms: mean time that a node takes for an event. backlog_max: messages and requests that can wait for a stopped
    process; more are lost, as a full socket buffer loses them. wall_start_s: what true wall clocks show when the run
    begins, in Unix seconds.
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    disk: DiskOptions = field(default_factory=DiskOptions)
    service_ms: float = 0.0
    backlog_max: int = 10_000
    wall_start_s: int = 1_767_225_600


@dataclass(frozen=True)
class World:
    """Parts that everything in one run shares."""

    seed: int
    options: SimOptions
    kernel: EventQueue = field(default_factory=EventQueue)
    marks: Marks = field(default_factory=Marks)


class SimCluster:
    """A cluster in the simulator."""

    def __init__(
        self,
        world: World,
        deployment: Simulated,
        names: tuple[str, ...],
        folder: Path | None,
        recorder: StepRecorder | None = None,
    ) -> None:
        kernel, seed, options = world.kernel, world.seed, world.options
        self.marks = world.marks
        self._deaths: list[Death] = []
        self._nodes: list[SimNode] = []
        network = self._network = Network(kernel, options.network, seed, names)
        if recorder is not None:
            recorder.attach(lambda: kernel.now, names)
        power = PowerSwitch(kernel)
        for name in names:
            clock = SimClock(
                kernel,
                # A monotonic clock counts from a machine's boot, so that of another means nothing.
                monotonic_start=RandomStream(seed, "clock", name).below(1000 * SECOND),
                wall_start=options.wall_start_s * SECOND,
            )
            disk = Disk(kernel, options.disk, RandomStream(seed, "disk", name))
            log = NodeLog(kernel, folder / f"{name}.log" if folder is not None else None)
            machine = SimHost(
                name=name,
                members=names,
                seed=seed,
                kernel=kernel,
                clock=clock,
                disk=disk,
                log=log,
                links=network.links_from(name) if recorder is None else recorder.links(name, network.links_from(name)),
                marks=world.marks,
                clients=ClientLink(kernel, RandomStream(seed, "clients", name)),
                power=power,
                stream=RandomStream(seed, "service", name),
                backlog_max=options.backlog_max,
                service_ns=nanoseconds(options.service_ms),
            )
            node = self._node(machine, deployment, recorder)
            power.attach(name, node.power_cycle)
            self._nodes.append(node)
        self._injector = FaultInjector(FaultSite(kernel, self._nodes, network, deployment.admin_requests))
        self._membership = SimMembership(deployment, self._nodes, self._injector)

    def _node(self, machine: SimHost, deployment: Simulated, recorder: StepRecorder | None) -> SimNode:
        """A node that gets its messages, and whose steps are recorded if anybody wants them."""
        network = self._network
        if recorder is None:
            node = SimNode(machine, deployment.program, network.options, self._deaths, deployment.upgraded)
            network.attach(machine.name, node.receive)
            return node
        upgraded = None if deployment.upgraded is None else recorder.programs(deployment.upgraded)
        node = SimNode(machine, recorder.programs(deployment.program), network.options, self._deaths, upgraded)
        machine.ended = partial(recorder.ended, machine.name)
        network.attach(machine.name, recorder.arrivals(machine.name, node.receive, lambda: node.running))
        return node

    @property
    def nodes(self) -> Sequence[SimNode]:
        """All members, in order."""
        return self._nodes

    def deaths(self) -> Sequence[Death]:
        """Nodes that died by themselves so far, in order of time."""
        return tuple(self._deaths)

    def coverage(self) -> Mapping[str, int]:
        """Counts of rare happenings to messages between nodes."""
        return self._network.stats.counts()

    def tap(self, heard: Heard) -> None:
        """Have a function told of each message, see `Network.tap`."""
        self._network.tap(heard)

    async def inject(self, injection: Injection) -> ActiveInjection:
        """Inject; it lasts until healed. UsageError for an unknown node or values that make no sense here."""
        if isinstance(injection, ChangeMembers):
            return await self._membership.change(injection)
        return self._injector.inject(injection)

    def end_flood(self, events: int) -> None:
        """End all nodes for good: they answer each other in ever more messages, and nothing else would happen."""
        running = [node for node in self._nodes if node.running]
        now = running[0].machine.kernel.now if running else 0
        for node in running:
            node.close()
            why = f"the nodes handled {events:,} events within a second, which hardly any client asked for"
            text = f"{node.name} was ended at {now / SECOND:.9f} s: {why}"
            self._deaths.append(Death(node.name, now, text, tuple(node.machine.log.tail), True, f"was ended: {why}"))

    async def down(self) -> None:
        """End all nodes. Safe to call twice."""
        for node in self._nodes:
            node.close()


class Sim:
    """Nodes, network, clocks and disks in one process under virtual time; the seed fixes everything.

    Made for one run. See `splitbrain.harness.environment.Environment`.
    """

    name = "sim"
    deterministic = True

    def __init__(
        self,
        seed: int,
        options: SimOptions | None = None,
        heard: Heard | None = None,
        recorder: StepRecorder | None = None,
    ) -> None:
        """heard: called with sender, receiver and bytes of each message that a node gets. recorder: records the steps
        of nodes."""
        self._heard, self._recorder = heard, recorder
        self._world = World(seed, options or SimOptions())
        self._kernel = self._world.kernel
        self.marks = self._world.marks
        self._used = False

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        """None for what `FaultInjector` knows, for maintenance that the nodes know, for an upgrade where there is
        another version, and for changes of membership where the nodes know how."""
        if injection in get_args(Maintenance) and injection not in _asked(deployment):
            return Unsupported(injection, NOT_ASKED)
        if injection in CARRIED_OUT:
            return None
        if injection is ChangeMembers:
            known = isinstance(deployment, Simulated) and deployment.membership is not None
            return None if known else Unsupported(injection, NO_MEMBERSHIP)
        if injection is Upgrade:
            named = isinstance(deployment, Simulated) and deployment.upgraded is not None
            return None if named else Unsupported(injection, NO_UPGRADE)
        return Unsupported(injection, f"the simulator does not know how to do {injection.__name__}")

    def enter(self) -> Launch | None:
        """None: a run needs no other process than this one."""
        return None

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine to its end under virtual time, once. Tasks it leaves behind are cancelled. Ctrl-C cancels
        it and is raised afterwards. InfrastructureError if it would wait for ever."""
        if self._used:
            raise UsageError("a simulator is made for one run: make another, with the same seed or a new one")
        self._used = True
        loop = VirtualLoop(self._world.kernel)
        with interrupted_in_time(), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(loop.complete(main))

    def now(self) -> int:
        """Nanoseconds of virtual time since the start of the run."""
        return self._kernel.now

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> SimCluster:
        """Start a cluster; it is up at once. folder: where node logs go. InfrastructureError, with the last log
        lines, if a node dies while starting."""
        if not isinstance(deployment, Simulated):
            kind = type(deployment).__name__
            raise UsageError(f"the simulator runs deployments of kind Simulated, and this is one of kind {kind}")
        cluster = SimCluster(self._world, deployment, tuple(names), folder, self._recorder)
        if self._heard is not None:
            cluster.tap(self._heard)
        loop = asyncio.get_running_loop()
        if isinstance(loop, VirtualLoop):
            loop.watch_nodes(EVENTS_A_NODE * len(names), cluster.end_flood)
        for node in cluster.nodes:
            node.start_now()
        dead = [node for node in cluster.nodes if not node.running]
        if dead:
            await cluster.down()
            told = [death.text for death in cluster.deaths()]
            told += [f"{node.name}: {line}" for node in dead for line in node.machine.log.tail]
            raise InfrastructureError("the cluster did not start: " + "\n".join(told))
        return cluster


def _asked(deployment: Deployment) -> Collection[type]:
    """The kinds of maintenance that simulated nodes know."""
    return deployment.admin_requests if isinstance(deployment, Simulated) else ()
