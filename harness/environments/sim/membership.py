"""Membership of simulated nodes: they leave the cluster and join it by the same steps as real ones.

Pitfall: a node that joins again has lost its disk, as its operator knows, and so may do what it had promised never to
do: a mark tells that to those who watch its promises.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from splitbrain.harness.deployment import Membership, Place, Simulated
from splitbrain.harness.environments.sim.channel import SimChannel
from splitbrain.harness.environments.sim.fault_injector import FaultInjector
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import NO_MEMBERSHIP, ActiveInjection, ChangeMembers
from splitbrain.harness.reconfiguring.membership import ActiveMembershipChange


class SimMember:
    """A simulated node as `harness.reconfiguring.Member`. place: its name stands for its address too."""

    def __init__(self, node: SimNode, place: Place) -> None:
        self._node = node
        self.place = place

    @property
    def running(self) -> bool:
        return self._node.running

    @property
    def holders(self) -> int:
        return self._node.kills_in_force

    @property
    def outdated(self) -> bool:
        return self._node.outdated

    async def hold(self) -> None:
        self._node.kills_in_force += 1

    async def let_go(self) -> None:
        self._node.kills_in_force -= 1

    async def stop(self, seconds: float) -> None:
        if self._node.running:
            self._node.machine.disk.write_back()
            self._node.kill_now()

    async def start(self) -> None:
        self._node.start_now()

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        self.place = place
        if upgraded:
            self._node.upgrade()
        if empty:
            self._node.empty()
        self._node.joins = bool(place.joins)


class SimMembership:
    """The members of a simulated cluster."""

    def __init__(self, deployment: Simulated, nodes: Sequence[SimNode], injector: FaultInjector) -> None:
        self._injector = injector
        self._turn = asyncio.Lock()
        addresses = {node.name: node.name for node in nodes}
        self._nodes = {node.name: node for node in nodes}
        self._members = {name: SimMember(self._nodes[name], Place(name, name, Path(), addresses)) for name in addresses}
        asked = deployment.membership
        self._membership: Membership | None = None if asked is None else asked(self._connect)

    async def change(self, injection: ChangeMembers) -> ActiveInjection:
        """Remove nodes. UsageError if they cannot leave, or are not there."""
        if self._membership is None:
            raise UsageError(NO_MEMBERSHIP)
        leaving = [self._members[node.name] for node in self._injector.named(injection.nodes)]
        tell = partial(self._tell, leaving[0].place.name if leaving else "")
        everybody = tuple(self._members.values())
        active = ActiveMembershipChange(leaving, everybody, self._membership, self._turn, self._injector.calm, tell)
        await active.inject()
        return active

    async def _connect(self, place: Place) -> SimChannel:
        return await self._nodes[place.name].connect()

    def _tell(self, node: str, text: str) -> None:
        """Write a line into the log of the first node that leaves."""
        self._nodes[node].machine.log.write(text)
