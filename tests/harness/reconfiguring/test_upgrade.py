"""Upgrades after which all nodes are in the other version, one after another, whatever was in the way."""

import asyncio

import pytest

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.reconfiguring.member import HEAL_SECONDS
from splitbrain.harness.reconfiguring.membership import ActiveMembershipChange
from splitbrain.harness.reconfiguring.upgrade import ActiveUpgrade

from .fakes import ThreeMembers, played

ORDER = ("n3", "n1", "n2")


def upgrade(world: ThreeMembers, ahead: int = 1) -> ActiveUpgrade:
    async def version(place: Place) -> str:
        return world.members[place.name].version

    async def ready(place: Place) -> bool:
        return world.members[place.name].running and world.membership.decides

    deployment = Process(argv=lambda place: [], ready=ready, port=1, tells_version=version)
    return ActiveUpgrade(world.named(*ORDER), ahead, deployment, world.turn, lambda: world.calm, world.told.append)


def assert_whole(world: ThreeMembers) -> None:
    assert all(node.running and not node.holders and node.version == "2" for node in world.members.values())


def test_some_go_at_once_and_the_others_at_the_heal() -> None:
    async def story(world: ThreeMembers) -> None:
        upgrading = upgrade(world, ahead=2)
        await upgrading.inject()
        assert [world.members[name].version for name in ORDER] == ["2", "2", "1"]
        assert all(node.running for node in world.members.values())
        bite = await upgrading.heal()
        assert bite["nodes_upgraded"] == 3 and bite["mixed_ms"] > 0
        assert_whole(world)

    world = played(story)
    assert world.done == [f"{what} {name}" for name in ORDER for what in ("stop", "start")]
    assert world.told == [
        "versions told: n1 1, n2 1, n3 1",
        "versions told: n1 2, n2 1, n3 2",
        "versions told: n1 2, n2 2, n3 2",
    ]


def test_what_does_not_serve_stops_the_upgrade_until_the_heal() -> None:
    async def story(world: ThreeMembers) -> None:
        upgrading = upgrade(world, ahead=2)
        world.membership.decides = False
        await upgrading.inject()
        assert [world.members[name].version for name in ORDER] == ["2", "1", "1"]
        world.membership.decides = True
        assert (await upgrading.heal())["nodes_upgraded"] == 3
        assert_whole(world)

    played(story)


def test_a_node_that_is_held_down_comes_back_in_the_other_version() -> None:
    async def story(world: ThreeMembers) -> None:
        upgrading, node = upgrade(world), world.members["n2"]
        await upgrading.inject()
        await node.hold()
        node.running, world.calm = False, False
        healing = asyncio.ensure_future(upgrading.heal())
        await asyncio.sleep(3 * HEAL_SECONDS)
        assert node.version == "2" and not healing.done()
        await node.let_go()
        await node.start()
        world.calm = True
        assert (await healing)["nodes_upgraded"] == 3
        assert_whole(world)

    played(story)


def test_a_node_that_never_serves_again_is_said_to() -> None:
    async def story(world: ThreeMembers) -> None:
        upgrading = upgrade(world)
        await upgrading.inject()
        world.membership.decides = False
        with pytest.raises(InfrastructureError, match=r"n3 does not serve after its upgrade within 30 s .*not ready"):
            await upgrading.heal()

    played(story)


def test_what_tells_the_same_as_before_was_not_upgraded() -> None:
    async def story(world: ThreeMembers) -> None:
        for node in world.members.values():
            node.outdated = False
        upgrading = upgrade(world)
        await upgrading.inject()
        assert await upgrading.heal() == {"nodes_upgraded": 0, "mixed_ms": 0}
        assert world.done == []

    played(story)


@pytest.mark.parametrize("upgrade_first", [True, False])
def test_it_goes_together_with_members_that_leave(upgrade_first: bool) -> None:
    async def story(world: ThreeMembers) -> None:
        upgrading = upgrade(world)
        leaving = ActiveMembershipChange(
            world.named("n2"),
            list(world.members.values()),
            world.membership,
            world.turn,
            lambda: True,
            world.told.append,
        )
        for one in (upgrading, leaving) if upgrade_first else (leaving, upgrading):
            await one.inject()
        heals = (upgrading.heal(), leaving.heal()) if upgrade_first else (leaving.heal(), upgrading.heal())
        bites = await asyncio.gather(*heals)
        assert {"members_removed": 1, "members_joined": 1} in bites
        assert_whole(world)
        assert all(world.membership.voting.values()) and len(world.membership.voting) == 3

    played(story)
