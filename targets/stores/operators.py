"""Operator of an own store whose members may change: asks a node to remove a server, admit one or give it its vote.

A request may be passed on to the leader and is answered once it is done; every error means that it perhaps was not.
"""

from collections.abc import Collection, Mapping
from typing import Any

from splitbrain.harness.deployment import Connect, Place
from splitbrain.targets.stores.client import Sessions
from splitbrain.targets.stores.messages import ADMIT_MEMBER, MEMBERS, PROMOTE_MEMBER, REMOVE_MEMBER, Request


class StoreOperator:
    """See `harness.deployment.Membership`. connect: to a node's clients' port."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._sessions = Sessions()

    async def voters(self, through: Place) -> Collection[str]:
        voters, _ = await self._asked(through, MEMBERS)
        return tuple(voters)

    async def remove(self, through: Place, node: Place) -> None:
        await self._asked(through, REMOVE_MEMBER, node.name)

    async def admit(self, through: Place, node: Place) -> Mapping[str, str]:
        voters, learners = await self._asked(through, ADMIT_MEMBER, node.name)
        return {name: address for name, address in node.members.items() if name in (*voters, *learners)}

    async def promote(self, through: Place, node: Place) -> None:
        await self._asked(through, PROMOTE_MEMBER, node.name)

    async def _asked(self, through: Place, f: str, name: str | None = None) -> Any:
        """The members after what was asked. ConnectionRefusedError if it was not done."""
        channel = await self._connect(through)
        try:
            answer = await channel.request(Request(f, None, name, self._sessions.new("operator"), 1))
        finally:
            await channel.close()
        if answer.error is not None:
            raise ConnectionRefusedError(f"{through.name} was asked and refused: {answer.text}")
        return answer.value
