"""Active injections: one class each, begun once and healed once. Every heal tells the bite as counted.

What outlasts a node's processes (a skewed clock, a slow disk) is a `pid_node.PersistentFault` besides.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.linux.client_cuts import ClientCut
from splitbrain.harness.environments.linux.packets import ImpairedLinks
from splitbrain.harness.environments.linux.partitions import NftCut
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.injection import ActiveInjection, Bite

MAINTENANCE_SECONDS = 2.0
"""Seconds after which a node that has not done its maintenance is not waited for."""


@dataclass
class ActiveCut:
    """Links that are cut."""

    cutting: NftCut

    async def heal(self) -> Bite:
        return {"messages_dropped": await self.cutting.heal()}


@dataclass
class ActiveImpairment:
    """Links that are slow or unreliable. counted: what its bite tells, of `linux.packets.COUNTED`."""

    impairing: ImpairedLinks
    counted: Sequence[str]
    what: str = "messages"

    async def heal(self) -> Bite:
        did = await self.impairing.heal()
        return {f"{self.what}_{name}": did[name] for name in self.counted}


@dataclass
class ActiveClientCut:
    """Clients that are cut off from nodes."""

    cut: ClientCut

    async def heal(self) -> Bite:
        return {f"{direction}_cut": count for direction, count in (await self.cut.heal()).items()}


def counters(figures: Mapping[str, float]) -> list[str]:
    """Counters of packets on links with these figures (of `linux.packets.FIGURES`)."""
    causes = {
        "delayed": ("delay_ms", "jitter_ms", "rate_kbit"),
        "dropped": ("loss", "rate_kbit"),
        "duplicated": ("duplicate",),
        "reordered": ("reorder",),
        "corrupted": ("corrupt",),
    }
    return [name for name, asked in causes.items() if any(figures.get(figure) for figure in asked)]


@dataclass(frozen=True)
class Untouched:
    """An injection whose links end elsewhere."""

    async def heal(self) -> Bite:
        return {}


@dataclass
class ActivePause:
    """Nodes that are stopped: their processes of this moment; one killed and started again runs."""

    nodes: Sequence[PidNode]
    _since: dict[str, int] = field(default_factory=dict)

    async def inject(self) -> None:
        for node in self.nodes:
            node.pausers += 1
        await asyncio.gather(*(self._stop(node) for node in self.nodes if node.running))

    async def _stop(self, node: PidNode) -> None:
        await node.pause()
        self._since[node.name] = time.monotonic_ns()

    async def heal(self) -> Bite:
        now = time.monotonic_ns()
        for node in self.nodes:
            node.pausers -= 1
            if not node.pausers:
                node.resume()
        return {"paused_ms": sum(now - since for since in self._since.values()) / 1e6}


@dataclass
class ActiveAdminCall:
    """Work that nodes were asked for. A node that did not answer has not done it."""

    nodes: Sequence[RealNode]
    ask: Callable[[Place], Awaitable[None]]
    counter: str
    done: int = 0

    async def inject(self) -> None:
        self.done = sum(await asyncio.gather(*(self._asked(node) for node in self.nodes)))

    async def _asked(self, node: RealNode) -> bool:
        try:
            async with asyncio.timeout(MAINTENANCE_SECONDS):
                await self.ask(node.place)
        except Exception:  # noqa: BLE001 - by the contract, whatever it is, it was not done; the bite tells
            return False
        return True

    async def heal(self) -> Bite:
        return {self.counter: self.done}


@dataclass
class RestartOnHeal:
    """An injection; after its heal those of its nodes that died meanwhile are restarted. A second heal does nothing."""

    active: ActiveInjection
    nodes: Sequence[RealNode]
    _bite: Bite | None = None

    @property
    def healed(self) -> bool:
        """Whether nothing of it is left."""
        return self._bite is not None

    async def heal(self) -> Bite:
        if self._bite is not None:
            return self._bite
        self._bite = bite = await self.active.heal()
        for node in self.nodes:
            if not node.running and not node.holders:
                await node.start()
        return bite
