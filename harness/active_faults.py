"""Active faults: each is injected, healed and recorded, however they overlap and whatever happens meanwhile.

The run may be cancelled at any moment. So what was begun is begun to its end and ended to its end in tasks of its own,
which a cancellation does not reach; `heal` waits for them. A fault stands in `running` from before its first injection
until its end is recorded, and only what was injected here is healed.

Pitfall: a heal that takes the cluster's own decision may wait for another fault's heal, so it is not waited for before
that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from splitbrain.harness.environment import Cluster
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.fault import Plan
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import ActiveInjection, Bite, NodeDown, Reconfiguration, bit, total
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value

Roles = Callable[[], Awaitable[Mapping[str, str]]]
"""Function that asks the nodes what they believe to be: node name → role."""

MILLISECOND = 1_000_000
"""In nanoseconds."""

T = TypeVar("T")


class EventLog(Protocol):
    """The log that faults are written to."""

    def nemesis(self, f: str, value: Value) -> int:
        """Record an event of the nemesis now; its index in the history."""


@dataclass(frozen=True)
class FaultReport:
    """The effect of a fault in a run. times: how often it came. bite: what it did, over all times; None if it never
    bit."""

    times: int
    bite: Bite | None


@dataclass(frozen=True)
class FaultScene:
    """The cluster that faults happen to, how its roles are asked for, the log, and the environment's clock (ns)."""

    cluster: Cluster
    roles: Roles
    journal: EventLog
    now: Callable[[], int]


@dataclass(frozen=True)
class EndedFault:
    """A fault that was ended: its slot, what was done, and when, in nanoseconds since the schedule began."""

    slot: ScheduledFault
    plan: Plan
    start: int
    stop: int


@dataclass(eq=False)
class ActiveFault:
    """One fault under way. alive: the nodes that ran when it began. injected: what `beginning` has done so far; its
    result is how many nanoseconds it took. scheduled: whether it belongs to the schedule."""

    slot: ScheduledFault
    plan: Plan
    scene: FaultScene
    alive: tuple[str, ...]
    injected: list[ActiveInjection]
    beginning: "asyncio.Task[int]"
    began: int
    scheduled: bool = True
    ending: "asyncio.Task[None] | None" = None

    @property
    def reconfigures(self) -> bool:
        """Whether its heal takes the cluster's own decisions."""
        return any(isinstance(injection, Reconfiguration) for injection in self.plan.injections)


class ActiveFaults:
    """The faults of one run that are under way, and what those did that came so far.

    names: faults to be reported even if they never come. restart_the_dead: see `NemesisRunner`.
    """

    def __init__(self, names: Sequence[str], *, restart_the_dead: bool) -> None:
        self._restart_the_dead = restart_the_dead
        self.running: list[ActiveFault] = []
        self.times = dict.fromkeys(names, 0)
        """The number of times that each fault came."""
        self.bites: dict[str, Bite] = {}
        self.origin = 0
        """The time by the scene's clock at which the schedule began."""
        self.listeners: list[Callable[[EndedFault], object]] = []
        """Told of each fault of the schedule when it was ended. A long run has many: whoever keeps them has to bound
        what is kept."""

    def names(self) -> tuple[str, ...]:
        """Names of the faults under way."""
        return tuple(fault.slot.fault.name for fault in self.running)

    def reports(self) -> Mapping[str, FaultReport]:
        """Reports on each fault so far, by name, in order of asking."""
        return {
            name: FaultReport(times, bite if bit(bite := self.bites.get(name, {})) else None)
            for name, times in self.times.items()
        }

    async def begin(
        self, slot: ScheduledFault, plan: Plan, scene: FaultScene, *, scheduled: bool = True
    ) -> ActiveFault:
        """Record a fault, and inject it. InfrastructureError if it cannot be injected."""
        name = slot.fault.name
        self.times[name] += 1
        scene.journal.nemesis(f"start-{name}", plan.value)
        alive = tuple(node.name for node in scene.cluster.nodes if node.running)
        injected: list[ActiveInjection] = []
        beginning = asyncio.ensure_future(_inject(scene, plan, injected))
        fault = ActiveFault(slot, plan, scene, alive, injected, beginning, scene.now(), scheduled)
        self.running.append(fault)
        await asyncio.shield(beginning)
        return fault

    async def finish(self, fault: ActiveFault) -> None:
        """End a fault whose time is over, or see to it that it ends while others go on."""
        if not fault.reconfigures:
            await self.stop(fault)
        elif fault.ending is None:

            def over(ending: "asyncio.Task[None]") -> None:
                if not ending.cancelled() and ending.exception() is None:
                    self._forget(fault)

            self._ending(fault).add_done_callback(over)

    async def check(self) -> None:
        """Look for failures: InfrastructureError if a fault that nobody waited for could not be ended."""
        for fault in self.running:
            if fault.ending is not None and fault.ending.done():
                await self.stop(fault)

    async def stop(self, fault: ActiveFault) -> None:
        """End a fault, once, however often this is called and cancelled."""
        try:
            await asyncio.shield(self._ending(fault))
        except InfrastructureError:
            self._forget(fault)
            raise
        self._forget(fault)

    async def heal(self) -> None:
        """End every fault, the last first; see `NemesisRunner.heal`."""
        errors: list[str] = []
        last_first = list(reversed(self.running))
        for fault in last_first:
            if not fault.reconfigures:
                await _attempt(self.stop(fault), errors)
        together = [fault for fault in last_first if fault.reconfigures]
        for fault in together:
            self._ending(fault)
        for fault in together:
            await _attempt(self.stop(fault), errors)
        if errors:
            raise InfrastructureError("; ".join(errors))

    def _ending(self, fault: ActiveFault) -> "asyncio.Task[None]":
        """The task that ends a fault, begun once."""
        if fault.ending is None:
            fault.ending = asyncio.ensure_future(self._end(fault))
        return fault.ending

    def _forget(self, fault: ActiveFault) -> None:
        if fault in self.running:
            self.running.remove(fault)

    async def _end(self, fault: ActiveFault) -> None:
        """Heal in reverse order, restart who died of it, record what it did."""
        name, scene = fault.slot.fault.name, fault.scene
        errors: list[str] = []
        injecting = await _attempt(fault.beginning, errors)
        heals = scene.now()
        bites: list[Bite] = []
        for injected in reversed(fault.injected):
            bite = await _attempt(injected.heal(), errors)
            if bite is not None:
                bites.append(bite)
        restarted: list[str] = []
        for node in self._to_restart(fault):
            await _attempt(node.start(), errors)
            restarted.append(node.name)
        value: dict[str, Value] = {"bite": total(bites)}
        for word, took in (("injecting_ms", injecting or 0), ("healing_ms", scene.now() - heals)):
            if took:
                value[word] = took / MILLISECOND
        if restarted:
            value["restarted"] = restarted
        if errors:
            value["errors"] = errors
        self.bites[name] = total([self.bites.get(name, {}), *bites])
        if fault.scheduled:
            ended = EndedFault(fault.slot, fault.plan, fault.began - self.origin, scene.now() - self.origin)
            for listener in self.listeners:
                listener(ended)
        scene.journal.nemesis(f"stop-{name}", value)
        if errors:
            raise InfrastructureError(f"fault {name}: {'; '.join(errors)}")

    def _to_restart(self, ended: ActiveFault) -> list[Node]:
        """The dead who died of this fault (by option: all the dead), but for those whom another fault keeps dead."""
        kept = [
            node
            for fault in self.running
            if fault is not ended
            for injection in fault.plan.injections
            if isinstance(injection, NodeDown | Reconfiguration)
            for node in injection.nodes
        ]
        return [
            node
            for node in ended.scene.cluster.nodes
            if not node.running and node.name not in kept and (self._restart_the_dead or node.name in ended.alive)
        ]


async def _inject(scene: FaultScene, plan: Plan, injected: list[ActiveInjection]) -> int:
    """Inject; how many nanoseconds that took."""
    began = scene.now()
    for injection in plan.injections:
        injected.append(await scene.cluster.inject(injection))
    return scene.now() - began


async def _attempt(step: Awaitable[T], errors: list[str]) -> T | None:
    """The result of a step; if it failed, None and the error among `errors`."""
    try:
        return await step
    except Exception as error:  # noqa: BLE001 - whatever it is, the other heals must still be tried; raised after them
        errors.append(str(error) or type(error).__name__)
        return None
