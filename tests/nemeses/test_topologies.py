"""The links that a topology cuts are exactly those that it claims in the history."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.injection import Link
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.partition import Partition
from splitbrain.nemeses.topologies import BY_NAME_ONLY, TOPOLOGIES, Split

clusters = st.integers(1, 12).map(lambda count: tuple(f"n{i + 1}" for i in range(count)))
seeds = st.integers(0, 2**32)
SMALLEST = {
    "halves": 2,
    "one-node": 2,
    "leader-isolated": 2,
    "majority-minority": 3,
    "bridge": 3,
    "majorities-ring": 4,
    "one-way": 2,
    "leader-in-minority": 3,
    "leader-in-majority": 3,
}


def split(topology: str, nodes: Sequence[str], seed: int, leaders: Sequence[str] = ()) -> Split:
    found = TOPOLOGIES[topology](nodes, leaders, RandomStream(seed))
    assert found is not None
    return found


def claimed(value: dict[str, object], nodes: Sequence[str]) -> set[Link]:
    """The cut links, worked out anew from the words of the history alone."""
    every = {(a, b) for a in nodes for b in nodes if a != b}
    if value["topology"] == "majorities-ring":
        sees = value["sees"]
        assert isinstance(sees, dict)
        return {(a, b) for a, b in every if b not in sees[a]}
    groups = value["groups"]
    assert isinstance(groups, list)
    first, second = groups
    if value["topology"] == "one-way":
        return {(a, b) for a in first for b in second}
    return {(a, b) for a, b in every if (a in first and b in second) or (a in second and b in first)}


@pytest.mark.parametrize("topology", TOPOLOGIES)
@given(nodes=clusters, seed=seeds, data=st.data())
def test_the_cut_is_what_the_history_says(
    topology: str, nodes: tuple[str, ...], seed: int, data: st.DataObject
) -> None:
    leaders = data.draw(st.lists(st.sampled_from(nodes), max_size=2, unique=True))
    found = TOPOLOGIES[topology](nodes, leaders, RandomStream(seed))
    if len(nodes) < SMALLEST[topology]:
        assert found is None
        return
    assert found is not None
    assert len(set(found.links)) == len(found.links) > 0
    assert set(found.links) == claimed(dict(found.value), nodes)
    again = TOPOLOGIES[topology](nodes, leaders, RandomStream(seed))
    assert again == found


@pytest.mark.parametrize("topology", ["halves", "one-node", "leader-isolated", "majority-minority", "one-way"])
@given(nodes=clusters.filter(lambda nodes: len(nodes) >= 3), seed=seeds)
def test_two_sides_hold_every_node_once(topology: str, nodes: tuple[str, ...], seed: int) -> None:
    first, second = split(topology, nodes, seed).value["groups"]
    assert sorted(first + second) == sorted(nodes)
    assert first
    assert second
    if topology == "halves":
        assert len(first) == len(nodes) // 2
    if topology == "majority-minority":
        assert len(first) * 2 < len(nodes) < (len(first) + 1) * 2 + 1


@given(nodes=clusters.filter(lambda nodes: len(nodes) >= 3), seed=seeds, data=st.data())
def test_only_the_bridge_sees_both_groups_and_no_leader_is_the_bridge(
    nodes: tuple[str, ...], seed: int, data: st.DataObject
) -> None:
    leader = data.draw(st.sampled_from(nodes))
    found = split("bridge", nodes, seed, [leader])
    left, right = found.value["groups"]
    middle = found.value["bridge"]
    assert middle != leader
    assert sorted([*left, *right, middle]) == sorted(nodes)
    assert abs(len(left) - len(right)) <= 1
    assert not any(middle in link for link in found.links)


@given(nodes=clusters.filter(lambda nodes: len(nodes) >= 4), seed=seeds)
def test_on_the_ring_each_sees_a_majority_and_no_two_the_same(nodes: tuple[str, ...], seed: int) -> None:
    found = split("majorities-ring", nodes, seed)
    seen = {a: frozenset(b for b in nodes if (a, b) not in found.links) for a in nodes}
    majority = len(nodes) // 2 + 1
    assert len(set(seen.values())) == len(nodes)
    assert all(majority <= len(group) <= majority + 1 for group in seen.values())
    assert all((b, a) in found.links for a, b in found.links)
    if len(nodes) == 5:
        assert all(len(group) == 3 for group in seen.values())


@given(nodes=clusters.filter(lambda nodes: len(nodes) >= 3), seed=seeds, data=st.data())
def test_a_known_leader_is_isolated_and_in_the_minority(nodes: tuple[str, ...], seed: int, data: st.DataObject) -> None:
    leader = data.draw(st.sampled_from(nodes))
    isolated = split("leader-isolated", nodes, seed, [leader]).value
    assert (isolated["topology"], isolated["groups"][0], isolated["leader"]) == ("leader-isolated", [leader], leader)
    assert leader in split("majority-minority", nodes, seed, [leader]).value["groups"][0]


def test_no_leader_is_not_called_a_leader() -> None:
    value = split("leader-isolated", ("n1", "n2", "n3"), 1).value
    assert value["topology"] == "one-node"
    assert value["instead_of"] == "leader-isolated"
    assert value["because"] == "no leader was known"


@given(nodes=clusters.filter(lambda nodes: len(nodes) >= 3), seed=seeds, data=st.data())
def test_a_leader_is_put_on_the_side_that_was_asked_for(nodes: tuple[str, ...], seed: int, data: st.DataObject) -> None:
    leader = data.draw(st.sampled_from(nodes))
    for topology, side in (("leader-in-minority", 0), ("leader-in-majority", 1)):
        value = split(topology, nodes, seed, [leader]).value
        assert leader in value["groups"][side]
        assert value["leader"] == leader
        assert len(value["groups"][0]) == (len(nodes) - 1) // 2
        assert "leader" not in split(topology, nodes, seed).value


def test_topologies_about_the_leader_come_by_name_only() -> None:
    assert not set(BY_NAME_ONLY) & set(Partition({}).variants)
    assert set(BY_NAME_ONLY) | set(Partition({}).variants) == set(TOPOLOGIES)
    assert Partition({"topology": "leader-in-majority"}).variants == ("leader-in-majority",)
