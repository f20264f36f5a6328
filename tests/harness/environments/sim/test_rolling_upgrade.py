"""Rolling upgrades of simulated nodes: one after another, half-way until the heal, and never back."""

import asyncio

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.environments.sim.scheduler import SECOND
from splitbrain.harness.injection import Kill, Upgrade
from splitbrain.harness.program import Append, Reply, Sync

from .programs import NODES, Quiet

MS = 10**6


class Older(Quiet):
    """A program that tells its version, and what it found on its disk."""

    version = 1

    def on_start(self, now, disk):
        self.found = disk.get("log", b"")
        return [Append("log", b"%d" % self.version), Sync(1)]

    def on_request(self, now, request, message):
        return [Reply(request, (self.version, self.found))]


class Newer(Older):
    """The same in another version."""

    version = 2


def scene(play, upgraded=Newer):
    """Play a scene on a cluster of the older version."""
    sim = Sim(3)

    async def main():
        cluster = await sim.up(Simulated(Older, upgraded=upgraded), NODES, None)
        try:
            return await play(sim, cluster)
        finally:
            await cluster.down()

    return sim.run(main)


async def told(cluster):
    """The version and the findings of each node, None for one that is down."""
    found = []
    for node in cluster.nodes:
        found.append(await (await node.connect()).request("?") if node.running else None)
    return found


def test_it_stands_half_way_until_its_heal_takes_the_others_along_on_the_same_disks():
    async def play(sim, cluster):
        upgrade = await cluster.inject(Upgrade(("n3", "n1", "n2"), 2))
        await asyncio.sleep(0.1)
        down = [node.running for node in cluster.nodes]
        await asyncio.sleep(5)
        half = await told(cluster)
        bite = await upgrade.heal()
        return down, half, bite, await told(cluster), await upgrade.heal()

    down, half, bite, whole, again = scene(play)
    assert down == [True, True, False]
    assert half == [(2, b"1"), (1, b""), (2, b"1")]
    assert whole == [(2, b"1")] * 3
    assert bite == again and bite["nodes_upgraded"] == 3
    assert 4800 < bite["mixed_ms"] < 5000


def test_no_two_are_down_at_once():
    async def play(sim, cluster):
        upgrade = await cluster.inject(Upgrade(NODES, 1))
        least = []

        async def watch():
            while True:
                least.append(sum(node.running for node in cluster.nodes))
                await asyncio.sleep(0.05)

        watching = asyncio.ensure_future(watch())
        await asyncio.sleep(0.5)
        await upgrade.heal()
        watching.cancel()
        return min(least), sim.now()

    least, took = scene(play)
    assert least == 2 and took > 2 * SECOND


def test_a_node_that_another_fault_keeps_down_comes_up_in_the_other_version():
    async def play(sim, cluster):
        kill = await cluster.inject(Kill(("n2",)))
        upgrade = await cluster.inject(Upgrade(("n2", "n1", "n3"), 1))
        await asyncio.sleep(2)
        held = [node.running for node in cluster.nodes]
        await kill.heal()
        half = await told(cluster)
        await upgrade.heal()
        return held, half

    held, half = scene(play)
    assert held == [True, False, True]
    assert [version for version, _ in half] == [1, 2, 1]


def test_a_heal_before_all_that_were_to_go_ahead_had_their_turn_upgrades_each_once():
    async def play(sim, cluster):
        upgrade = await cluster.inject(Upgrade(NODES, 2))
        await asyncio.sleep(0.3)
        bite = await upgrade.heal()
        await asyncio.sleep(5)
        return bite, await told(cluster)

    bite, whole = scene(play)
    assert bite["nodes_upgraded"] == 3
    assert whole == [(2, b"1")] * 3


@pytest.mark.parametrize("upgraded", [None, Newer])
def test_it_can_be_asked_for_where_another_version_is_named(upgraded):
    refused = Sim(1).unsupported(Upgrade, Simulated(Older, upgraded=upgraded))
    assert (refused is None) is (upgraded is not None)
    assert refused is None or "upgrade_to" in refused.reason
