"""On what track do faults come? Each slot of a schedule in turn: inject, wait, heal, count the bite.

Faults may overlap, and the run may be cancelled at any moment. So what was begun is begun to its end and ended to its
end in tasks of its own, which a cancellation does not reach; `heal` waits for them. The traps: a fault stands in
`_running` from before its first injection until its end is recorded, and only what the track made is healed. And a
heal that takes the cluster's own decision may wait for another fault's heal, so it is not waited for before that.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from splitbrain.harness.environment import Cluster
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import ActiveInjection, Bite, Injection, NodeDown, Reconfiguration, bit, total
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.random_stream import RandomStream

Roles = Callable[[], Awaitable[Mapping[str, str]]]
"""Asks the nodes what they believe to be: node name → role."""

T = TypeVar("T")


class Journal(Protocol):
    """Where faults are written down."""

    def nemesis(self, f: str, value: Value) -> int:
        """Record an event of the nemesis now; its index in the history."""


@dataclass(frozen=True)
class FaultReport:
    """What a fault did in a run. times: how often it came. bite: what it did, over all times; None if it never bit."""

    times: int
    bite: Bite | None


@dataclass(frozen=True)
class _Stage:
    """Where and before whom faults happen."""

    cluster: Cluster
    roles: Roles
    journal: Journal
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
    ending: "asyncio.Task[None] | None" = None

    @property
    def reconfigures(self) -> bool:
        """Whether its heal takes the cluster's own decisions."""
        return any(isinstance(injection, Reconfiguration) for injection in self.plan.injections)


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
        self._once: set[str] = set()
        """The faults that have come and can come but once."""

    @property
    def harms(self) -> frozenset[type[Injection]]:
        """The kinds of harm that may come."""
        return frozenset(kind for slot in self._slots for kind in slot.fault.needs)

    async def run(self, cluster: Cluster, roles: Roles, recorder: Journal, now: Callable[[], int]) -> None:
        """Carry out all slots; time counts from this call. Cancel it at any moment, then await `heal`.

        roles: asked just before a fault that wants it. now: nanoseconds of the environment's clock.
        InfrastructureError if a fault could not be injected or healed.
        """
        stage = _Stage(cluster, roles, recorder, now)
        origin = now()
        agenda: list[tuple[int, int, ScheduledFault | ActiveFault]] = [
            (origin + slot.start, number, slot) for number, slot in enumerate(self._slots)
        ]
        heapq.heapify(agenda)
        while agenda:
            due, number, item = heapq.heappop(agenda)
            await asyncio.sleep(max(due - now(), 0) / SECOND)
            await self._look_for_failures()
            if isinstance(item, ActiveFault):
                await self._finish(item)
                continue
            late = [episode for episode in self._running if episode.slot.fault.name == item.fault.name]
            for episode in late:
                await self._finish(episode)
            if item.fault.name in self._once or any(episode in self._running for episode in late):
                continue
            started = await self._start(item, stage)
            if started is not None and started.plan.once:
                self._once.add(item.fault.name)
            elif started is not None:
                # Injecting may take long on real nodes: the fault still gets time to bite.
                stop = max(origin + item.stop, now() + item.duration // 2)
                heapq.heappush(agenda, (stop, number, started))

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

    def reports(self) -> Mapping[str, FaultReport]:
        """What each fault did so far, by name, in order of asking."""
        return {
            name: FaultReport(times, bite if bit(bite := self._bites.get(name, {})) else None)
            for name, times in self._times.items()
        }

    async def _start(self, slot: ScheduledFault, stage: _Stage) -> ActiveFault | None:
        """Plan and inject; None if the fault makes no sense for the cluster as it is now."""
        fault, nodes = slot.fault, stage.cluster.nodes
        believed = await stage.roles() if fault.wants_roles else {}
        plan = self._plan(slot, View(tuple(node.name for node in nodes), believed))
        if plan is None:
            return None
        self._times[fault.name] += 1
        stage.journal.nemesis(f"start-{fault.name}", plan.value)
        alive = tuple(node.name for node in nodes if node.running)
        injected: list[ActiveInjection] = []
        beginning = asyncio.ensure_future(_inject(stage.cluster, plan, injected))
        episode = ActiveFault(slot, plan, stage, alive, injected, beginning)
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
