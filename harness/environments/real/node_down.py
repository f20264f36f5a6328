"""Nodes that go down and stay down until the heal: killed, asked to end, without power, with damaged files,
or again and again.

Pitfall: several injections may hold one node down (`holders`), and it starts only when the last of them is healed; so
a loop of restarts starts nodes that nothing else holds.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.harness.cleanup import shielded
from splitbrain.harness.environments.real.damage import damaged
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Bite, FlipBits, Kill, Stop, TruncateFile

GRACE_SECONDS = 2.0
"""The time that a node may take that was asked to end."""


@dataclass
class ActiveNodeDown(ABC):
    """Nodes that are held down. The base of the kinds below."""

    nodes: Sequence[PidNode]
    bite: dict[str, float] = field(init=False, default_factory=dict)

    async def inject(self) -> None:
        for node in self.nodes:
            node.holders += 1
        await self.bring_down()

    @abstractmethod
    async def bring_down(self) -> None:
        """Bring them down, and count it."""

    async def heal(self) -> Bite:
        for node in self.nodes:
            node.holders -= 1
        return self.bite


@dataclass
class ActiveKill(ActiveNodeDown):
    """Nodes that are killed, perhaps several times."""

    injection: Kill
    _loop: "asyncio.Task[None] | None" = field(init=False, default=None)
    _over: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    async def bring_down(self) -> None:
        injection = self.injection
        if injection.restarts < 0 or injection.down_ms <= 0 or injection.up_ms <= 0:
            raise UsageError(f"a node comes up no less than never, and after a time above 0: {injection}")
        self.bite["processes_killed"] = 0
        await self._kill()
        if injection.restarts:
            self._loop = asyncio.get_running_loop().create_task(self._again())

    async def _kill(self) -> None:
        self.bite["processes_killed"] += sum(await asyncio.gather(*(node.end() for node in self.nodes)))

    async def _again(self) -> None:
        for _ in range(self.injection.restarts):
            if await self._over_within(self.injection.down_ms):
                return
            await asyncio.gather(*(node.start() for node in self.nodes if node.holders == 1))
            if await self._over_within(self.injection.up_ms):
                return
            await self._kill()

    async def _over_within(self, ms: float) -> bool:
        try:
            await asyncio.wait_for(self._over.wait(), ms / 1e3)
        except TimeoutError:
            return False
        return True

    async def heal(self) -> Bite:
        # Not cancelled: a kill that is under way goes on in its thread, and would meet the node that was restarted.
        self._over.set()
        if self._loop is not None:
            await self._loop
        return await super().heal()


@dataclass
class ActiveStop(ActiveNodeDown):
    """Nodes that are asked to end."""

    injection: Stop

    async def bring_down(self) -> None:
        running = [node for node in self.nodes if node.running]
        killed = await _ask_to_end(self.nodes)
        self.bite["processes_stopped"] = len(running)
        if killed:
            self.bite["processes_killed"] = killed


@dataclass
class ActivePowerLoss(ActiveNodeDown):
    """Nodes that are killed, and lose what they had not synced."""

    async def bring_down(self) -> None:
        done = await asyncio.gather(*(self._lose(node) for node in self.nodes))
        self.bite["processes_killed"] = sum(killed for killed, _ in done)
        self.bite["writes_lost"] = sum(lost for _, lost in done)

    async def _lose(self, node: PidNode) -> tuple[int, int]:
        if node.volume is None:
            raise InfrastructureError(f"{node.name} was not prepared to lose its power before it started")
        return await node.end(), await node.volume.lose()


@dataclass
class ActiveDamage(ActiveNodeDown):
    """Nodes that are killed or asked to end, and find their files damaged. What the harness gave them is spared."""

    injection: FlipBits | TruncateFile
    spared: frozenset[str]

    async def bring_down(self) -> None:
        injection, killed = self.injection, 0
        if injection.asked:
            killed = await _ask_to_end(self.nodes)
        else:
            await asyncio.gather(*(node.end() for node in self.nodes))
        for node in self.nodes:
            # Not cancelled: it goes on in its thread, and would meet the node that was restarted.
            counter, done = await shielded(
                asyncio.to_thread(damaged, node.place.folder, self.spared, node.name, injection)
            )
            self.bite[counter] = self.bite.get(counter, 0) + done
        if killed and any(self.bite.values()):
            self.bite["processes_killed"] = killed


async def _ask_to_end(nodes: Sequence[PidNode]) -> int:
    return sum(await asyncio.gather(*(node.ask_to_end(GRACE_SECONDS) for node in nodes)))
