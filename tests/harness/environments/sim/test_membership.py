"""Changes of membership of simulated nodes: by the steps of real ones, with nothing left on the disk of a newcomer."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from splitbrain.harness.deployment import Connect, Place, Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ChangeMembers, Kill
from splitbrain.harness.marks import EMPTIED
from splitbrain.harness.program import Append, Effects, Now, Reply, Sync

from .programs import NODES, Quiet


class Remembering(Quiet):
    """A program that writes a line at its start, and answers with its members and what it found."""

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        self.found = disk.get("log", b"")
        return [Append("log", b"."), Sync(1)]

    def on_request(self, now: Now, request: int, message: Any) -> Effects:
        return [Reply(request, (tuple(self.nodes), self.found))]


class MemberList:
    """A list of members that is kept outside of the nodes; each of its steps asks a node first."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._voters = list(NODES)

    async def _ask(self, through: Place) -> None:
        channel = await self._connect(through)
        await channel.request("?")
        await channel.close()

    async def voters(self, through: Place) -> Collection[str]:
        await self._ask(through)
        return self._voters

    async def remove(self, through: Place, node: Place) -> None:
        self._voters = [name for name in self._voters if name != node.name]

    async def admit(self, through: Place, node: Place) -> Mapping[str, str]:
        return {name: name for name in (*self._voters, node.name)}

    async def promote(self, through: Place, node: Place) -> None:
        if node.name not in self._voters:
            self._voters.append(node.name)


MAKE: Any = Remembering
DEPLOYMENT = Simulated(MAKE, membership=MemberList)


async def told(cluster: Any, name: str) -> Any:
    """The members that a node was made with, and what it found; None if it is down."""
    node = next(node for node in cluster.nodes if node.name == name)
    return await (await node.connect()).request("?") if node.running else None


def test_a_node_that_leaves_is_down_and_joins_with_nothing() -> None:
    sim = Sim(3)
    emptied: list[str] = []
    sim.marks.subscribe(lambda event: emptied.append(event.node), EMPTIED)

    async def main() -> tuple[Any, ...]:
        cluster = await sim.up(DEPLOYMENT, NODES, None)
        before = await told(cluster, "n2")
        change = await cluster.inject(ChangeMembers(("n2",)))
        out = await told(cluster, "n2")
        bite = await change.heal()
        joined = await told(cluster, "n2")
        await asyncio.sleep(1)
        killed = await cluster.inject(Kill(("n2",)))
        await killed.heal()
        again = await told(cluster, "n2")
        await cluster.down()
        return before, out, bite, joined, again

    before, out, bite, joined, again = sim.run(main)
    assert before == (NODES, b"") and out is None
    assert bite == {"members_removed": 1, "members_joined": 1}
    assert joined == ((), b"")
    assert again == ((), b"."), "it stays one that joined, with what it wrote since"
    assert emptied == ["n2"]


def test_another_fault_does_not_start_who_is_out() -> None:
    sim = Sim(3)

    async def main() -> Any:
        cluster = await sim.up(DEPLOYMENT, NODES, None)
        killed = await cluster.inject(Kill(("n2",)))
        change = await cluster.inject(ChangeMembers(("n2",)))
        await killed.heal()
        out = await told(cluster, "n2")
        await change.heal()
        joined = await told(cluster, "n2")
        await cluster.down()
        return out, joined

    assert sim.run(main) == (None, ((), b""))


def test_nodes_that_do_not_know_how_are_told_apart() -> None:
    reason = "does not say how its nodes leave a cluster"
    refused = Sim(1).unsupported(ChangeMembers, Simulated(MAKE))
    assert refused is not None and reason in refused.reason
    assert Sim(1).unsupported(ChangeMembers, DEPLOYMENT) is None
    sim = Sim(1)

    async def main() -> None:
        cluster = await sim.up(Simulated(MAKE), NODES, None)
        try:
            await cluster.inject(ChangeMembers(("n1",)))
        finally:
            await cluster.down()

    with pytest.raises(UsageError, match=reason):
        sim.run(main)
