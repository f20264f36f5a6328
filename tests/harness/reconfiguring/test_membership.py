"""Membership after the heal: everybody has a vote again, whatever was in the way."""

import asyncio

import pytest

from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.reconfiguring.member import HEAL_SECONDS
from splitbrain.harness.reconfiguring.membership import REMOVAL_SECONDS, ActiveMembershipChange

from .fakes import ADDRESSES, NAMES, ThreeMembers, played


def membership_change(world: ThreeMembers, *names: str) -> ActiveMembershipChange:
    everybody = list(world.members.values())
    return ActiveMembershipChange(
        world.named(*names), everybody, world.membership, world.turn, lambda: world.calm, world.told.append
    )


def assert_whole(world: ThreeMembers) -> None:
    assert world.membership.voting == dict.fromkeys(NAMES, True)
    assert all(node.running and not node.holders for node in world.members.values())


def test_a_node_leaves_and_joins_with_nothing() -> None:
    async def story(world: ThreeMembers) -> None:
        changing = membership_change(world, "n2")
        await changing.inject()
        gone = world.members["n2"]
        assert world.membership.voting == {"n1": True, "n3": True}
        assert not gone.running and gone.holders == 1
        assert await changing.heal() == {"members_removed": 1, "members_joined": 1}
        assert gone.empty and gone.place.joins == ADDRESSES
        assert_whole(world)

    world = played(story)
    assert world.done == ["remove n2", "stop n2", "admit n2", "start n2", "promote n2"]
    assert world.told == ["members with a vote: n1, n3 (before: n1, n2, n3)", "members with a vote: n1, n2, n3"]


@pytest.mark.parametrize("change", [1, 2, 3])
def test_a_change_whose_answer_is_lost_is_made_once(change: int) -> None:
    async def story(world: ThreeMembers) -> None:
        world.membership.lost = {change}
        changing = membership_change(world, "n1")
        await changing.inject()
        await changing.heal()
        assert_whole(world)

    assert played(story).done == ["remove n1", "stop n1", "admit n1", "start n1", "promote n1"]


def test_a_removal_that_cannot_be_decided_is_left_to_the_heal() -> None:
    async def story(world: ThreeMembers) -> None:
        world.membership.decides = False
        changing = membership_change(world, "n1", "n2")
        began = asyncio.get_running_loop().time()
        await changing.inject()
        assert asyncio.get_running_loop().time() - began < 2 * REMOVAL_SECONDS, "others faults are not kept waiting"
        assert world.done == [] and world.members["n1"].running
        world.membership.decides = True
        assert await changing.heal() == {"members_removed": 1, "members_joined": 1}
        assert_whole(world)

    assert played(story).done == ["remove n1", "stop n1", "admit n1", "start n1", "promote n1"]


def test_who_is_held_down_by_another_fault_joins_when_that_is_over() -> None:
    async def story(world: ThreeMembers) -> None:
        changing = membership_change(world, "n3")
        await changing.inject()
        node = world.members["n3"]
        await node.hold()
        world.calm = False
        healing = asyncio.ensure_future(changing.heal())
        await asyncio.sleep(3 * HEAL_SECONDS)
        assert world.done == ["remove n3", "stop n3"]
        await node.let_go()
        world.calm = True
        await healing
        assert_whole(world)

    played(story)


def test_who_fails_to_join_or_is_killed_meanwhile_is_started_again() -> None:
    async def story(world: ThreeMembers) -> None:
        changing = membership_change(world, "n3")
        node, world.membership.lags_s = world.members["n3"], 1.4
        await changing.inject()
        node.starts_fail = 2
        healing = asyncio.ensure_future(changing.heal())
        while not node.running:
            await asyncio.sleep(0.01)
        node.running = False  # by another fault
        await healing
        assert world.done.count("start n3") == 4
        assert_whole(world)

    played(story)


def test_two_nodes_leave_one_after_another() -> None:
    async def story(world: ThreeMembers) -> None:
        changing = membership_change(world, "n1", "n3")
        await changing.inject()
        assert world.membership.voting == {"n2": True}
        assert await changing.heal() == {"members_removed": 2, "members_joined": 2}
        assert world.members["n1"].place.joins == {"n2": "an2", "n1": "an1"}
        assert_whole(world)

    played(story)


def test_a_cluster_that_does_not_decide_any_more_is_said_to_be_broken() -> None:
    async def story(world: ThreeMembers) -> None:
        changing = membership_change(world, "n2")
        await changing.inject()
        world.membership.decides = False
        began = asyncio.get_running_loop().time()
        with pytest.raises(InfrastructureError, match="n2 could not be admitted within 30 s in which nothing else"):
            await changing.heal()
        assert asyncio.get_running_loop().time() - began < HEAL_SECONDS + 10

    played(story)


def test_one_reconfiguration_at_a_time_and_none_keeps_others_waiting() -> None:
    async def story(world: ThreeMembers) -> None:
        first, second = membership_change(world, "n1"), membership_change(world, "n2")
        await first.inject()
        world.membership.decides, world.calm = False, False
        healing = asyncio.ensure_future(first.heal())
        await asyncio.sleep(1)
        await second.inject()
        assert world.done == ["remove n1", "stop n1"] and not healing.done()
        world.membership.decides, world.calm = True, True
        assert await second.heal() == {"members_removed": 0, "members_joined": 0}
        assert await healing == {"members_removed": 1, "members_joined": 1}
        assert_whole(world)

    played(story)
