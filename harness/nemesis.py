"""Nemesis runner: carries out a schedule of faults. For each: wait for its time or moment, plan, inject, heal.

What is under way, and how it ends, is kept by `active_faults`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.active_faults import (
    ActiveFault,
    ActiveFaults,
    EndedFault,
    EventLog,
    FaultReport,
    FaultScene,
    Roles,
)
from splitbrain.harness.agenda import Agenda
from splitbrain.harness.deposing import SECONDS as DEPOSED_SECONDS
from splitbrain.harness.deposing import way_to_depose
from splitbrain.harness.environment import Cluster
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import Injection, bit
from splitbrain.harness.marks import Marking
from splitbrain.harness.moments import Moments
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.serving import ServiceMet

ASK_SECONDS = 1.0
"""From one question for roles to the next."""
LOOK_SECONDS = 0.05
"""From one look at whether the cluster serves again to the next."""


@dataclass(frozen=True)
class _Struck:
    """A slot that waited for a moment. node: where it happened; None if it did not in time."""

    slot: ScheduledFault
    node: str | None


_Item = ScheduledFault | _Struck | ActiveFault


class NemesisRunner:
    """The runner of one schedule on one cluster, once."""

    def __init__(
        self, slots: Sequence[ScheduledFault], seed: int, names: Sequence[str] = (), *, restart_the_dead: bool = False
    ) -> None:
        """slots: in order of start. names: faults that were asked for, to be reported even if they never come.

        restart_the_dead: at each heal, start also the nodes that had died before the fault began. A node that died
        while the fault lasted is always started again.
        """
        self._slots = tuple(slots)
        self._seed = seed
        names = (*names, *(slot.fault.name for slot in slots))
        self._faults = ActiveFaults(names, restart_the_dead=restart_the_dead)
        self._met = ServiceMet(lambda: True)
        self._once: set[str] = set()
        """The faults that have come and can come but once."""
        self._moments = Moments(())
        self._scene: FaultScene | None = None

    def active(self) -> tuple[str, ...]:
        """Names of the faults under way."""
        return self._faults.names()

    def on_end(self, listener: Callable[[EndedFault], object]) -> None:
        """Tell a function of each fault of the schedule when it was ended; times count from the call of `run`."""
        self._faults.listeners.append(listener)

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
        scene = self._scene = FaultScene(cluster, roles, recorder, now)
        origin = self._faults.origin = now()
        moments = self._moments = Moments([node.name for node in cluster.nodes])
        if isinstance(cluster, Marking):
            moments.listen(cluster.marks)
        asking = asyncio.ensure_future(self._ask(moments, scene))
        try:
            await self._carry_out(scene, origin)
        finally:
            asking.cancel()

    async def _carry_out(self, scene: FaultScene, origin: int) -> None:
        """All slots, and what they wait for."""
        now = scene.now
        agenda = Agenda[_Item](now)
        for number, slot in enumerate(self._slots):
            agenda.add(origin + slot.start, number, slot)
        while (entry := await agenda.next()) is not None:
            number, item = entry
            await self._faults.check()
            if isinstance(item, ActiveFault):
                await self._faults.finish(item)
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
            late = [active for active in self._faults.running if active.slot.fault.name == slot.fault.name]
            for active in late:
                await self._faults.finish(active)
            if slot.fault.name in self._once or any(active in self._faults.running for active in late):
                continue
            started = await self._start(slot, scene, node)
            if started is not None and started.plan.once:
                self._once.add(slot.fault.name)
            elif started is not None:
                # Injecting may take long on real nodes: the fault still gets time to bite.
                stop = started.began + slot.duration if slot.storm else origin + slot.stop
                agenda.add(max(stop, now() + slot.duration // 2), number, started)

    def _needless(self, slot: ScheduledFault) -> bool:
        """Whether the fault of a slot in reserve has met a serving cluster, and has done something or is about to."""
        name = slot.fault.name
        return name in self._met and (bit(self._faults.bites.get(name, {})) or name in self.active())

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

    async def _ask(self, moments: Moments, scene: FaultScene) -> None:
        """Ask for roles now and then, where storms come and no node marks that it leads."""
        if not any(slot.storm and slot.fault.wants_roles for slot in self._slots):
            return
        while True:
            await asyncio.sleep(ASK_SECONDS)
            if not moments.leads:
                moments.tell(await scene.roles())

    @property
    def moments(self) -> Mapping[str, int]:
        """The number of strikes that came at a moment that they waited for, by its name."""
        return dict(sorted(self._moments.hit.items()))

    async def heal(self) -> None:
        """End every fault that is under way, the last first, but those whose heal takes the cluster's own decisions
        after all others, and side by side: one may wait for another. Safe to call again.

        Every heal is attempted; InfrastructureError afterwards if any failed.
        """
        await self._faults.heal()

    async def depose(self, ways: Sequence[type[Injection]]) -> bool:
        """Take a leader away for a while after the schedule, by one of the faults that were asked for and one of these
        ways, and heal. Whether there was a leader, another node, and such a fault. InfrastructureError as `run`."""
        scene = self._scene
        nodes = tuple(node.name for node in scene.cluster.nodes) if scene is not None else ()
        if scene is None or len(nodes) < 2:
            return False
        leaders = View(nodes, await scene.roles()).leaders()
        faults = dict.fromkeys(slot.fault for slot in self._slots)
        found = way_to_depose(leaders[0], nodes, faults, ways) if leaders else None
        if found is None:
            return False
        fault, plan = found
        slot = ScheduledFault(scene.now(), round(DEPOSED_SECONDS * SECOND), fault, fault.variants[0])
        # It belongs to no schedule: a run that follows this one's deposes by itself.
        active = await self._begin(slot, plan, scene, scheduled=False)
        await asyncio.sleep(DEPOSED_SECONDS)
        await self._faults.stop(active)
        return True

    def reports(self) -> Mapping[str, FaultReport]:
        """Reports on each fault so far, by name, in order of asking."""
        return self._faults.reports()

    async def _start(self, slot: ScheduledFault, scene: FaultScene, spot: str | None) -> ActiveFault | None:
        """Plan and inject; None if the fault makes no sense for the cluster as it is now."""
        fault, nodes, moments = slot.fault, scene.cluster.nodes, self._moments
        believed: Mapping[str, str] = {}
        if fault.wants_roles:
            # In a storm nobody waits for an answer: what is known already has to do.
            believed = moments.roles() if slot.storm else await scene.roles()
        names = tuple(node.name for node in nodes)
        plan = self._plan(slot, View(names, believed, spot, moments.candidate, moments.lagging))
        return None if plan is None else await self._begin(slot, plan, scene)

    async def _begin(
        self, slot: ScheduledFault, plan: Plan, scene: FaultScene, *, scheduled: bool = True
    ) -> ActiveFault:
        self._met.strikes(slot.fault.name)
        return await self._faults.begin(slot, plan, scene, scheduled=scheduled)

    def _plan(self, slot: ScheduledFault, view: View) -> Plan | None:
        """The plan of the slot's variant, else of the first other one that makes sense."""
        fault = slot.fault
        for variant in (slot.variant, *(other for other in fault.variants if other != slot.variant)):
            times = self._faults.times[fault.name]
            plan = fault.plan(variant, view, RandomStream(self._seed, "nemesis", fault.name, times))
            if plan is not None:
                return plan
        return None
