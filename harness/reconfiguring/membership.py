"""Membership changes: nodes are removed and stopped; then emptied, admitted without a vote, started,
and promoted once they have caught up.

Pitfall: a removal that was not confirmed may still happen, so it is completed before the node comes back; and while a
node is out another fault's heal must not start it, with its data gone it would found a cluster of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from splitbrain.harness.deployment import Membership, Place
from splitbrain.harness.injection import Bite
from splitbrain.harness.reconfiguring.member import (
    ANSWER_SECONDS,
    HEAL_SECONDS,
    PAUSE_SECONDS,
    STOP_SECONDS,
    Member,
    NotYetError,
    Patience,
    T,
)

REMOVAL_SECONDS = 3.0
"""A removal that takes longer is left to the heal, so that other faults are not kept waiting."""


@dataclass
class ActiveMembershipChange:
    """Nodes that are no members for a while.

    calm: whether no other fault is in force. turn: held while members change, one at a time. tell: takes a line
    for the run folder.
    """

    leaving: Sequence[Member]
    everybody: Sequence[Member]
    membership: Membership
    turn: asyncio.Lock
    calm: Callable[[], bool]
    tell: Callable[[str], None]
    _out: list[Member] = field(init=False, default_factory=list)
    _removed: set[str] = field(init=False, default_factory=set)
    _joined: set[str] = field(init=False, default_factory=set)

    async def inject(self) -> None:
        if self.turn.locked():  # by a heal, which may wait for faults that come to their end after this
            return
        async with self.turn:
            patience = Patience(REMOVAL_SECONDS)
            for node in self.leaving:
                if patience.over():
                    return
                await node.hold()
                self._out.append(node)
                if await self._removed_within(node, patience):
                    await node.stop(STOP_SECONDS)

    async def heal(self) -> Bite:
        """InfrastructureError if not everybody has a vote again in time."""
        patience = Patience(HEAL_SECONDS, self.calm)
        async with self.turn:
            for node in self._out:
                patience.renew()
                await self._back(node, patience)
        return {"members_removed": len(self._removed), "members_joined": len(self._joined)}

    async def _removed_within(self, node: Member, patience: Patience) -> bool:
        while not patience.over():
            try:
                await self._remove(node)
            except Exception:  # noqa: BLE001 - it was perhaps not done; the heal completes it
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return True
        return False

    async def _remove(self, node: Member) -> None:
        before = await self._asked(node, self.membership.voters)
        await self._asked(node, lambda through: self.membership.remove(through, node.place))
        after = await self._asked(node, self.membership.voters)
        if node.place.name in after:
            raise NotYetError(f"{node.place.name} still has a vote")
        self._removed.add(node.place.name)
        self._tell(before, after)

    async def _back(self, node: Member, patience: Patience) -> None:
        """Bring it from wherever it is to a member with a vote."""
        name = node.place.name
        if name not in self._removed:
            await patience.until(f"{name} could not be removed", lambda: self._remove(node))
        await node.stop(STOP_SECONDS)
        await patience.until(f"{name} was held down", lambda: _only_ours(node))
        await patience.until(f"{name} could not be admitted", lambda: self._admit(node))
        await node.let_go()
        await patience.until(f"{name} did not become a voting member again", lambda: self._promote(node))

    async def _admit(self, node: Member) -> None:
        joins = await self._asked(node, lambda through: self.membership.admit(through, node.place))
        await node.remake(replace(node.place, joins=joins), empty=True)

    async def _promote(self, node: Member) -> None:
        """One that could not join, as it reached nobody, has ended; and another fault may have killed it."""
        if not node.running and not node.holders:
            await node.start()
        await self._asked(node, lambda through: self.membership.promote(through, node.place))
        voters = await self._asked(node, self.membership.voters)
        if node.place.name not in voters:
            raise NotYetError(f"{node.place.name} has no vote yet")
        self._joined.add(node.place.name)
        self._tell((), voters)

    async def _asked(self, node: Member, step: Callable[[Place], Awaitable[T]]) -> T:
        """The answer of the first other node that answers; if none does, what the last one raised."""
        last: Exception = NotYetError("no other node runs")
        for other in self.everybody:
            if other.place.name == node.place.name or not other.running or other.holders:
                continue
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await step(other.place)
            except Exception as error:  # noqa: BLE001 - by the contract, it was perhaps not done: asked of another
                last = error
        raise last

    def _tell(self, before: Collection[str], after: Collection[str]) -> None:
        came = f" (before: {', '.join(sorted(before))})" if before else ""
        self.tell(f"members with a vote: {', '.join(sorted(after))}{came}")


async def _only_ours(node: Member) -> None:
    if node.holders > 1:
        raise NotYetError("another fault still holds it down")
