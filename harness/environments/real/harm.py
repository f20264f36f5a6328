"""How is each injection carried out on nodes of this machine? One class each: made when it strikes, healed once.

What lasts on a node (a skewed clock, a slow disk) is an affliction, struck again after each start. Every heal tells
the bite as counted.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.linux.packets import Impairing
from splitbrain.harness.environments.linux.partitions import Cutting
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.injection import ActiveInjection, Bite, Impair

MAINTENANCE_SECONDS = 2.0
"""A node that has not done its maintenance by then is not waited for."""


@dataclass
class ActiveCut:
    """Links that are cut."""

    cutting: Cutting

    async def heal(self) -> Bite:
        return {"messages_dropped": await self.cutting.heal()}


@dataclass
class ActiveImpairment:
    """Links that are slow or unreliable."""

    impairing: Impairing
    injection: Impair

    async def heal(self) -> Bite:
        did = await self.impairing.heal()
        asked = self.injection
        counters = {
            "delayed": asked.delay_ms or asked.jitter_ms or asked.rate_kbit,
            "dropped": asked.loss or asked.rate_kbit,
            "duplicated": asked.duplicate,
            "reordered": asked.reorder,
            "corrupted": asked.corrupt,
        }
        return {f"messages_{name}": did[name] for name, wanted in counters.items() if wanted}


@dataclass
class ActivePause:
    """Nodes that are stopped: their processes of this moment; one killed and started again runs."""

    nodes: Sequence[RealNode]
    _since: dict[str, int] = field(default_factory=dict)

    async def inject(self) -> None:
        for node in self.nodes:
            node.pausers += 1
        await asyncio.gather(*(self._stop(node) for node in self.nodes if node.running))

    async def _stop(self, node: RealNode) -> None:
        await node.pause()
        self._since[node.name] = time.monotonic_ns()

    async def heal(self) -> Bite:
        now = time.monotonic_ns()
        for node in self.nodes:
            node.pausers -= 1
            if not node.pausers:
                node.resume()
        return {"paused_ms": sum(now - since for since in self._since.values()) / 1e6}


class Placed(Protocol):
    """A node, wherever it lives."""

    @property
    def place(self) -> Place:
        """By which it is asked."""


@dataclass
class MaintenanceDone:
    """Work that nodes were asked for. A node that did not answer has not done it."""

    nodes: Sequence[Placed]
    ask: Callable[[Place], Awaitable[None]]
    counter: str
    done: int = 0

    async def inject(self) -> None:
        self.done = sum(await asyncio.gather(*(self._asked(node) for node in self.nodes)))

    async def _asked(self, node: Placed) -> bool:
        try:
            async with asyncio.timeout(MAINTENANCE_SECONDS):
                await self.ask(node.place)
        except Exception:  # noqa: BLE001 - by the contract, whatever it is, it was not done; the bite tells
            return False
        return True

    async def heal(self) -> Bite:
        return {self.counter: self.done}


class Restarted(Protocol):
    """A node that is started when nothing holds it down any more."""

    @property
    def running(self) -> bool:
        """Whether its process is alive."""

    @property
    def killers(self) -> int:
        """How many hold it down."""

    async def start(self) -> None:
        """Start it."""


@dataclass
class RestartOnHeal:
    """Harm to some nodes; after its heal those that died meanwhile are restarted. A second heal does nothing."""

    harm: ActiveInjection
    nodes: Sequence[Restarted]
    _bite: Bite | None = None

    @property
    def healed(self) -> bool:
        """Whether nothing of it is left."""
        return self._bite is not None

    async def heal(self) -> Bite:
        if self._bite is not None:
            return self._bite
        self._bite = bite = await self.harm.heal()
        for node in self.nodes:
            if not node.running and not node.killers:
                await node.start()
        return bite
