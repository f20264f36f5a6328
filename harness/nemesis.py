"""Nemesis runner: carries out a schedule of faults. For each: wait, inject, wait, heal, count the bite.

Faults may overlap, and the run may be cancelled at any moment. So what was begun is begun to its end and ended to its
end in tasks of its own, which a cancellation does not reach; `heal` waits for them. A fault stands in `_running` from
before its first injection until its end is recorded, and only what the runner made is healed.

Pitfall: a heal that takes the cluster's own decision may wait for another fault's heal, so it is not waited for before
that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from splitbrain.harness.agenda import Agenda
from splitbrain.harness.deposing import SECONDS as DEPOSED_SECONDS
from splitbrain.harness.deposing import way_to_depose
from splitbrain.harness.environment import Cluster
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import ActiveInjection, Bite, Injection, NodeDown, Reconfiguration, bit, total
from splitbrain.harness.marks import Marking
from splitbrain.harness.moments import Moments
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.serving import ServiceMet

Roles = Callable[[], Awaitable[Mapping[str, str]]]
"""Asks the nodes what they believe to be: node name → role."""

T = TypeVar("T")

ASK_SECONDS = 1.0
"""From one question for roles to the next."""
LOOK_SECONDS = 0.05
"""From one look at whether the cluster serves again to the next."""


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
class _Stage:
    """The place of faults, and those who watch them."""

    cluster: Cluster
    roles: Roles
    journal: EventLog
    now: Callable[[], int]


@dataclass(eq=False)
class ActiveFault:
    """One fault under way. alive: the nodes that ran when it began. injected: what `beginning` has done so far."""

    slot: ScheduledFault
    plan: Plan
    stage: _Stage
    alive: tuple[str, ...]
    injected: list[ActiveInjection]
    beginning: "asyncio.Task[None]"
    began: int
    ending: "asyncio.Task[None] | None" = None

    @property
    def reconfigures(self) -> bool:
        """Whether its heal takes the cluster's own decisions."""
        return any(isinstance(injection, Reconfiguration) for injection in self.plan.injections)


@dataclass(frozen=True)
class _Struck:
    """A slot that waited for a moment. node: where it happened; None if it did not in time."""

    slot: ScheduledFault
    node: str | None


_Item = ScheduledFault | _Struck | ActiveFault


class NemesisRunner:
    """Carries out a schedule on a cluster, once."""

    def __init__(
        self, slots: Sequence[ScheduledFault], seed: int, names: Sequence[str] = (), *, restart_the_dead: bool = False
    ) -> None:
        """slots: in order of start. names: faults that were asked for, to be reported even if they never come.

        restart_the_dead: at each heal, start also the nodes that had died before the fault began. A node that died
        while the fault lasted is always started again.
        """
        self._slots = tuple(slots)
        self._seed = seed
        self._restart_the_dead = restart_the_dead
        self._running: list[ActiveFault] = []
        self._times: dict[str, int] = dict.fromkeys((*names, *(slot.fault.name for slot in slots)), 0)
        self._bites: dict[str, Bite] = {}
        self._met = ServiceMet(lambda: True)
        self._once: set[str] = set()
        """The faults that have come and can come but once."""
        self._moments = Moments(())
        self._origin = 0
        self.happened: list[tuple[ScheduledFault, Plan, int, int]] = []
        """Each fault that was ended: its slot, what was done, start and stop in nanoseconds since `run` was called."""
        self._stage: _Stage | None = None

    def active(self) -> tuple[str, ...]:
        """Names of the faults under way."""
        return tuple(episode.slot.fault.name for episode in self._running)

    @property
    def injections(self) -> frozenset[type[Injection]]:
        """The kinds of injections that may come."""
        return frozenset(kind for slot in self._slots for kind in slot.fault.needs)

    async def run(
        self,
        cluster: Cluster,
        roles: Roles,
        recorder: EventLog,
        now: Callable[[], int],
        serves: Callable[[], bool] = lambda: True,
    ) -> None:
        """Carry out all slots; time counts from this call. Cancel it at any moment, then await `heal`.

        roles: asked just before a fault that wants it. now: nanoseconds of the environment's clock. serves: whether the
        cluster answers operations. InfrastructureError if a fault could not be injected or healed.
        """
        self._met = ServiceMet(serves)
        stage = self._stage = _Stage(cluster, roles, recorder, now)
        origin = self._origin = now()
        moments = self._moments = Moments([node.name for node in cluster.nodes])
        if isinstance(cluster, Marking):
            moments.listen(cluster.marks)
        asking = asyncio.ensure_future(self._ask(moments, stage))
        try:
            await self._carry_out(stage, origin)
        finally:
            asking.cancel()

    async def _carry_out(self, stage: _Stage, origin: int) -> None:
        """All slots, and what they wait for."""
        now = stage.now
        agenda = Agenda[_Item](now)
        for number, slot in enumerate(self._slots):
            agenda.add(origin + slot.start, number, slot)
        while (entry := await agenda.next()) is not None:
            number, item = entry
            await self._look_for_failures()
            if isinstance(item, ActiveFault):
                await self._finish(item)
                continue
            if isinstance(item, ScheduledFault) and item.reserve and self._needless(item):
                continue
            if isinstance(item, ScheduledFault) and self._met.waits(item, now() - origin):
                agenda.add(now() + int(LOOK_SECONDS * SECOND), number, item)
                continue
            if isinstance(item, ScheduledFault) and item.moment:
                self._arm(item, number, agenda, now)
                continue
            slot, node = (item.slot, item.node) if isinstance(item, _Struck) else (item, None)
            late = [episode for episode in self._running if episode.slot.fault.name == slot.fault.name]
            for episode in late:
                await self._finish(episode)
            if slot.fault.name in self._once or any(episode in self._running for episode in late):
                continue
            started = await self._start(slot, stage, node)
            if started is not None and started.plan.once:
                self._once.add(slot.fault.name)
            elif started is not None:
                # Injecting may take long on real nodes: the fault still gets time to bite.
                stop = started.began + slot.duration if slot.storm else origin + slot.stop
                agenda.add(max(stop, now() + slot.duration // 2), number, started)

    def _needless(self, slot: ScheduledFault) -> bool:
        """Whether the fault of a slot in reserve has met a serving cluster, and has done something or is about to."""
        name = slot.fault.name
        return name in self._met and (bit(self._bites.get(name, {})) or name in self.active())

    def _arm(self, slot: ScheduledFault, number: int, agenda: Agenda[_Item], now: Callable[[], int]) -> None:
        """Have a fault strike at its moment, or when its patience is over."""
        agenda.expected += 1
        loop = asyncio.get_running_loop()

        def strike(node: str | None) -> None:
            agenda.expected -= 1
            overdue.cancel()
            agenda.add(now() + (slot.reaction if node is not None else 0), number, _Struck(slot, node))

        def give_up() -> None:
            forget()
            strike(None)

        overdue = loop.call_later(slot.patience / SECOND, give_up)
        forget = self._moments.next(slot.moment, strike)

    async def _ask(self, moments: Moments, stage: _Stage) -> None:
        """Ask for roles now and then, where storms come and no node marks that it leads."""
        if not any(slot.storm and slot.fault.wants_roles for slot in self._slots):
            return
        while True:
            await asyncio.sleep(ASK_SECONDS)
            if not moments.leads:
                moments.tell(await stage.roles())

    @property
    def moments(self) -> Mapping[str, int]:
        """The number of strikes that came at a moment that they waited for, by its name."""
        return dict(sorted(self._moments.hit.items()))

    async def heal(self) -> None:
        """End every fault that is under way, the last first, but those whose heal takes the cluster's own decisions
        after all others, and side by side: one may wait for another. Safe to call again.

        Every heal is attempted; InfrastructureError afterwards if any failed.
        """
        errors: list[str] = []
        last_first = list(reversed(self._running))
        for episode in last_first:
            if not episode.reconfigures:
                await _attempt(self._stop(episode), errors)
        together = [episode for episode in last_first if episode.reconfigures]
        for episode in together:
            self._ending(episode)
        for episode in together:
            await _attempt(self._stop(episode), errors)
        if errors:
            raise InfrastructureError("; ".join(errors))

    async def depose(self, ways: Sequence[type[Injection]]) -> bool:
        """After the schedule: take a leader away for a while, by one of the faults that were asked for and one of these
        ways, and heal. Whether there was a leader, another node, and such a fault. InfrastructureError as `run`."""
        stage = self._stage
        nodes = tuple(node.name for node in stage.cluster.nodes) if stage is not None else ()
        if stage is None or len(nodes) < 2:
            return False
        leaders = View(nodes, await stage.roles()).leaders()
        faults = dict.fromkeys(slot.fault for slot in self._slots)
        found = way_to_depose(leaders[0], nodes, faults, ways) if leaders else None
        if found is None:
            return False
        fault, plan = found
        slot = ScheduledFault(stage.now(), round(DEPOSED_SECONDS * SECOND), fault, fault.variants[0])
        episode = await self._begin(slot, plan, stage)
        await asyncio.sleep(DEPOSED_SECONDS)
        await self._stop(episode)
        self.happened.pop()  # It belongs to no schedule: a run that follows this one's deposes by itself.
        return True

    def reports(self) -> Mapping[str, FaultReport]:
        """Reports on each fault so far, by name, in order of asking."""
        return {
            name: FaultReport(times, bite if bit(bite := self._bites.get(name, {})) else None)
            for name, times in self._times.items()
        }

    async def _start(self, slot: ScheduledFault, stage: _Stage, spot: str | None) -> ActiveFault | None:
        """Plan and inject; None if the fault makes no sense for the cluster as it is now."""
        fault, nodes, moments = slot.fault, stage.cluster.nodes, self._moments
        believed: Mapping[str, str] = {}
        if fault.wants_roles:
            # In a storm nobody waits for an answer: what is known already has to do.
            believed = moments.roles() if slot.storm else await stage.roles()
        names = tuple(node.name for node in nodes)
        plan = self._plan(slot, View(names, believed, spot, moments.candidate, moments.lagging))
        return None if plan is None else await self._begin(slot, plan, stage)

    async def _begin(self, slot: ScheduledFault, plan: Plan, stage: _Stage) -> ActiveFault:
        """Record a fault, and inject it."""
        fault, nodes = slot.fault, stage.cluster.nodes
        self._times[fault.name] += 1
        self._met.strikes(fault.name)
        stage.journal.nemesis(f"start-{fault.name}", plan.value)
        alive = tuple(node.name for node in nodes if node.running)
        injected: list[ActiveInjection] = []
        beginning = asyncio.ensure_future(_inject(stage.cluster, plan, injected))
        episode = ActiveFault(slot, plan, stage, alive, injected, beginning, stage.now())
        self._running.append(episode)
        await asyncio.shield(beginning)
        return episode

    def _plan(self, slot: ScheduledFault, view: View) -> Plan | None:
        """The plan of the slot's variant, else of the first other one that makes sense."""
        fault = slot.fault
        for variant in (slot.variant, *(other for other in fault.variants if other != slot.variant)):
            plan = fault.plan(variant, view, RandomStream(self._seed, "nemesis", fault.name, self._times[fault.name]))
            if plan is not None:
                return plan
        return None

    async def _finish(self, episode: ActiveFault) -> None:
        """A fault's time is over: end it, or see to it that it ends while others go on."""
        if not episode.reconfigures:
            await self._stop(episode)
        elif episode.ending is None:

            def over(ending: "asyncio.Task[None]") -> None:
                if not ending.cancelled() and ending.exception() is None:
                    self._forget(episode)

            self._ending(episode).add_done_callback(over)

    async def _look_for_failures(self) -> None:
        """InfrastructureError if a fault that nobody waited for could not be ended."""
        for episode in self._running:
            if episode.ending is not None and episode.ending.done():
                await self._stop(episode)

    def _ending(self, episode: ActiveFault) -> "asyncio.Task[None]":
        """The task that ends a fault, begun once."""
        if episode.ending is None:
            episode.ending = asyncio.ensure_future(self._end(episode))
        return episode.ending

    async def _stop(self, episode: ActiveFault) -> None:
        """End a fault, once, however often this is called and cancelled."""
        try:
            await asyncio.shield(self._ending(episode))
        except InfrastructureError:
            self._forget(episode)
            raise
        self._forget(episode)

    def _forget(self, episode: ActiveFault) -> None:
        if episode in self._running:
            self._running.remove(episode)

    async def _end(self, episode: ActiveFault) -> None:
        """Heal in reverse order, restart who died of it, record what it did."""
        name = episode.slot.fault.name
        errors: list[str] = []
        await _attempt(episode.beginning, errors)
        bites: list[Bite] = []
        for injected in reversed(episode.injected):
            bite = await _attempt(injected.heal(), errors)
            if bite is not None:
                bites.append(bite)
        restarted: list[str] = []
        for node in self._to_restart(episode):
            await _attempt(node.start(), errors)
            restarted.append(node.name)
        value: dict[str, Value] = {"bite": total(bites)}
        if restarted:
            value["restarted"] = restarted
        if errors:
            value["errors"] = errors
        self._bites[name] = total([self._bites.get(name, {}), *bites])
        stopped = episode.stage.now() - self._origin
        self.happened.append((episode.slot, episode.plan, episode.began - self._origin, stopped))
        episode.stage.journal.nemesis(f"stop-{name}", value)
        if errors:
            raise InfrastructureError(f"fault {name}: {'; '.join(errors)}")

    def _to_restart(self, ended: ActiveFault) -> list[Node]:
        """The dead who died of this fault (by option: all the dead), but for those whom another fault keeps dead."""
        kept = [
            node
            for episode in self._running
            if episode is not ended
            for injection in episode.plan.injections
            if isinstance(injection, NodeDown | Reconfiguration)
            for node in injection.nodes
        ]
        return [
            node
            for node in ended.stage.cluster.nodes
            if not node.running and node.name not in kept and (self._restart_the_dead or node.name in ended.alive)
        ]


async def _inject(cluster: Cluster, plan: Plan, injected: list[ActiveInjection]) -> None:
    for injection in plan.injections:
        injected.append(await cluster.inject(injection))


async def _attempt(step: Awaitable[T], errors: list[str]) -> T | None:
    """The result of a step; if it failed, None and the error among `errors`."""
    try:
        return await step
    except Exception as error:  # noqa: BLE001 - whatever it is, the other heals must still be tried; raised after them
        errors.append(str(error) or type(error).__name__)
        return None
