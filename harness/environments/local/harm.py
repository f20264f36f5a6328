"""How is each injection carried out on local processes? One class each: made when it strikes, healed once.

What lasts on a process (a pause, a skewed clock, a slow disk) is an affliction of its node, struck again after each
restart. Every heal tells the bite as counted.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux.partitions import Cutting
from splitbrain.harness.environments.local.node import ProcessNode
from splitbrain.harness.injection import Bite, Injected


@dataclass
class CutHarm:
    """Links that are cut."""

    cutting: Cutting

    async def heal(self) -> Bite:
        return {"messages_dropped": await self.cutting.heal()}


@dataclass
class KillHarm:
    """Nodes that were killed."""

    nodes: Sequence[ProcessNode]
    killed: int = 0

    async def inject(self) -> None:
        for node in self.nodes:
            node.killers += 1
        self.killed = sum(await asyncio.gather(*(node.end() for node in self.nodes)))

    async def heal(self) -> Bite:
        for node in self.nodes:
            node.killers -= 1
        return {"processes_killed": self.killed}


@dataclass
class PauseHarm:
    """Nodes that are stopped."""

    nodes: Sequence[ProcessNode]
    _since: dict[str, int] = field(default_factory=dict)
    _paused_ns: int = 0

    async def inject(self) -> None:
        for node in self.nodes:
            node.pausers += 1
            node.afflictions.append(self)
        await asyncio.gather(*(self.strike(node) for node in self.nodes))

    async def strike(self, node: ProcessNode) -> None:
        if node.running:
            await node.pause()
            self._since.setdefault(node.name, time.monotonic_ns())

    async def heal(self) -> Bite:
        for node in self.nodes:
            node.afflictions.remove(self)
            node.pausers -= 1
            if node.name in self._since:
                self._paused_ns += time.monotonic_ns() - self._since[node.name]
            if not node.pausers:
                node.resume()
        return {"paused_ms": self._paused_ns / 1e6}


@dataclass
class Healing:
    """Harm to some nodes; after its heal those that died meanwhile are restarted."""

    harm: Injected
    nodes: Sequence[ProcessNode]
    _healed: bool = False

    async def heal(self) -> Bite:
        bite = await self.harm.heal()
        for node in self.nodes:
            if not node.running and not node.killers:
                await node.start()
        return bite
