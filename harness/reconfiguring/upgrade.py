"""Rolling upgrade: node by node, each asked to end and started again on the same data,
and waited for before the next.

The fault stands still half-way, with versions mixed; its heal takes the others along, and takes nothing back. Pitfall:
a version is what a node tells of itself, not what it was started with.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from splitbrain.harness.deployment import Served
from splitbrain.harness.injection import Bite
from splitbrain.harness.reconfiguring.member import (
    ANSWER_SECONDS,
    HEAL_SECONDS,
    PAUSE_SECONDS,
    STOP_SECONDS,
    Member,
    NotYetError,
    Patience,
)

READY_SECONDS = 5.0
"""A node that takes longer to serve again is left to the heal, and those after it, so that other faults are not kept
waiting."""


@dataclass
class ActiveUpgrade:
    """A rolling upgrade. nodes: in the order in which they go, of which so many `ahead`; else as
    `ActiveMembershipChange`."""

    nodes: Sequence[Member]
    ahead: int
    deployment: Served
    turn: asyncio.Lock
    calm: Callable[[], bool]
    tell: Callable[[str], None]
    _first: dict[str, str] = field(init=False, default_factory=dict)
    """The version that each node told first."""
    _last: dict[str, str] = field(init=False, default_factory=dict)
    _mixed_since: int | None = field(init=False, default=None)
    _mixed_ns: int = field(init=False, default=0)

    async def inject(self) -> None:
        if self.turn.locked():  # by a heal, which may wait for faults that come to their end after this
            return
        async with self.turn:
            await self._look()
            for node in self.nodes[: self.ahead]:
                await self._upgrade(node)
                if not await self._serves_within(node, Patience(READY_SECONDS)):
                    break
            await self._look()

    async def heal(self) -> Bite:
        """InfrastructureError if a node does not serve in the new version in time."""
        patience = Patience(HEAL_SECONDS, self.calm)
        async with self.turn:
            await self._look()
            for node in self.nodes:
                patience.renew()
                await self._upgrade(node)
                if not node.holders:
                    await patience.until(
                        f"{node.place.name} does not serve after its upgrade", partial(self._serve, node)
                    )
                await self._look()
        # Who holds a node down lets it go by then: another reconfiguration needs the turn for that.
        told = await Patience(2 * HEAL_SECONDS, self.calm).until("not all nodes tell one version", self._one_version)
        upgraded = sum(told[name] != version for name, version in self._first.items())
        return {"nodes_upgraded": upgraded, "mixed_ms": self._mixed_ns / 1e6}

    async def _upgrade(self, node: Member) -> None:
        if not node.outdated:
            return
        await node.hold()
        await node.stop(STOP_SECONDS)
        await node.remake(node.place, upgraded=True)
        await node.let_go()
        if not node.holders:
            await node.start()

    async def _serves_within(self, node: Member, patience: Patience) -> bool:
        while not patience.over():
            try:
                await self._serve(node)
            except (NotYetError, OSError):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return True
        return False

    async def _serve(self, node: Member) -> None:
        if node.holders:
            raise NotYetError("another fault holds it down")
        await node.start()
        async with asyncio.timeout(ANSWER_SECONDS):
            if not await self.deployment.ready(node.place):
                raise NotYetError("it is not ready")

    async def _one_version(self) -> Mapping[str, str]:
        told = await self._look()
        if len(told) < len(self.nodes) or len(set(told.values())) > 1:
            raise NotYetError(_words(told))
        return told

    async def _look(self) -> Mapping[str, str]:
        """Node name → version, of those that answer; and how long versions have been mixed, as far as seen."""
        answers = await asyncio.gather(*(self._version(node) for node in self.nodes))
        names = (node.place.name for node in self.nodes)
        told = {name: answer for name, answer in sorted(zip(names, answers, strict=True)) if answer is not None}
        for name, version in told.items():
            self._first.setdefault(name, version)
        if told != self._last:
            self._last = told
            self.tell(f"versions told: {_words(told)}")
        now = time.monotonic_ns()
        if self._mixed_since is not None:
            self._mixed_ns = now - self._mixed_since
        elif len(set(told.values())) > 1:
            self._mixed_since = now
        return told

    async def _version(self, node: Member) -> str | None:
        ask = self.deployment.tells_version
        if ask is None or not node.running:
            return None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await ask(node.place)
        except Exception:  # noqa: BLE001 - whatever it is, it did not tell; asked again later
            return None


def _words(told: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in told.items()) or "by nobody"
