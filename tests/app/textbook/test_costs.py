"""Costs of operations: what is measured agrees with the designs, and depends on nothing but the seed."""

import pytest

from splitbrain.textbook.costs import operation_costs
from splitbrain.textbook.designs import design_cost
from splitbrain.textbook.systems import textbook


@pytest.mark.parametrize("target", ["raft", "quorum:w=1,r=1", "causal"])
def test_messages_and_bytes_are_those_of_the_design(target: str) -> None:
    found = operation_costs(target, 5)
    assert [one.kind for one in found] == ["read", "write"]
    for one in found:
        assert one.design is not None
        assert one.messages == pytest.approx(one.design.messages, rel=0.1, abs=0.1)
        assert one.design.round_trips - 0.1 <= one.round_trips <= one.design.round_trips + 1.1
        assert one.design.copies * 1000 <= one.bytes * 1.05
        assert one.operations > 100


def test_the_same_seed_gives_the_same_cost() -> None:
    assert operation_costs("abd", 3, seed=7) == operation_costs("abd", 3, seed=7)
    assert operation_costs("abd", 3, seed=7) != operation_costs("abd", 3, seed=8)


def test_a_slower_network_takes_as_many_round_trips() -> None:
    near, far = operation_costs("raft", 3), operation_costs("raft", 3, "net.latency=20ms")
    for one, other in zip(near, far, strict=True):
        assert one.round_trips == pytest.approx(other.round_trips, rel=0.2)


def test_every_store_of_the_textbook_has_a_design_and_a_planted_bug_has_none() -> None:
    from splitbrain import registry

    for line in textbook():
        if line.target and line.env == "sim":
            store = registry.target(line.target)
            nodes = line.nodes or (1 if store.name == "single" else 5)
            for kind in ("read", "write"):
                assert design_cost(store.name, store.settings, nodes, kind) is not None, line.target
    bug = registry.target("raft:bug=half-is-a-majority")
    assert design_cost(bug.name, bug.settings, 5, "read") is None
    assert design_cost("etcd", {}, 5, "read") is None
