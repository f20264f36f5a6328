"""Configurations of Raft as entries, and in snapshots."""

from splitbrain.targets.stores.messages import Entry, Request
from splitbrain.targets.stores.raft.members import RaftMembers, members_in, with_members, without_members

MEMBERS = RaftMembers(7, ("n1", "n2"), ("n3",), "operator.5.1")


def test_a_configuration_is_found_in_its_entry() -> None:
    entry = Entry(3, MEMBERS.request(Request("admit-member", None, "n3", "operator.5.1", 1)))
    assert members_in(7, entry) == MEMBERS
    assert members_in(7, Entry(3, None)) is None
    assert members_in(7, Entry(3, Request("write", "configuration", 1))) is None


def test_a_snapshot_has_its_configuration_beside_the_state() -> None:
    assert without_members(with_members(MEMBERS, b"\x95state")) == (MEMBERS, b"\x95state")


def test_a_snapshot_of_a_cluster_that_never_changed_is_the_state_alone() -> None:
    assert without_members(b"\x95state") == (None, b"\x95state")
