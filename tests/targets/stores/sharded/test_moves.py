"""sharded on the workbench: slots that move, routes that are old, and entries that come late or twice."""

from functools import partial

import pytest

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.raft.server import RaftSettings
from splitbrain.targets.stores.sharded import ShardedNode
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.messages import DROP, FREEZE, INSTALL, MAP, MOVED, PLAN, PUBLISH
from splitbrain.targets.stores.sharded.node import ShardedSettings
from splitbrain.targets.stores.sharded.partitioning import KINDS, SLOTS, Partitioning
from splitbrain.targets.stores.sharded.rebalancing import entry
from splitbrain.targets.stores.sharded.router import ATTEMPTS
from splitbrain.targets.stores.sharded.table import TableMachine

from ..bench import StoreBench

NAMES = ("n1", "n2", "n3")
GROUPS = ("g1", "g2")
SLOTS_OF = Partitioning("mod", GROUPS, 1)
KEY = next(f"k{number}" for number in range(99) if SLOTS_OF.owners[SLOTS_OF.slot(f"k{number}")] == "g1")
"""A key that g1 has at first."""
SLOT = SLOTS_OF.slot(KEY)


def bench() -> StoreBench:
    """Three nodes, the first of which leads every group, and no moves of themselves."""
    settings = ShardedSettings(RaftSettings(compact_after=0), every=0)
    made = StoreBench(partial(ShardedNode, settings=settings), NAMES)
    made.wait(1000)
    for group in (MAP, *GROUPS):
        made.fire("n1", f"{group} election")
        made.settle()
    beat(made)
    return made


def beat(made: StoreBench) -> None:
    """Let the leader tell the others what is committed."""
    for group in (MAP, *GROUPS):
        made.fire("n1", f"{group} heartbeat")
    made.settle()


def place(made: StoreBench, group: str, request: Request) -> None:
    """Bring an entry into the log of a group, to its end."""
    program = made.program("n1")
    program._take(program._members[group], program._members[group].command(program._now, request))
    made._carry_out(made.beds["n1"], program._end())
    made.settle()


def state(made: StoreBench, group: str = "g1") -> bytes:
    return made.program("n1")._members[group].shard.state(SLOT)


def move(made: StoreBench, epoch: int, source: str = "g1", to: str = "g2") -> bytes:
    """Move the slot; what was shipped."""
    place(made, MAP, entry(PLAN, SLOT, epoch, source, to))
    place(made, source, entry(FREEZE, SLOT, epoch, to))
    shipped = state(made, source)
    place(made, to, entry(INSTALL, SLOT, epoch, shipped))
    place(made, source, entry(DROP, SLOT, epoch))
    place(made, MAP, entry(PUBLISH, SLOT, epoch))
    return shipped


def asked(made: StoreBench, node: str, f: str, value: object = None, sequence: int = 1, session: str = "s"):
    """The answer to a request; None if there is none yet."""
    handle = made.request(node, Request(f, KEY, value, session, sequence))
    made.settle()
    return made.replies.get(handle)


def test_what_was_written_moves_with_its_slot() -> None:
    made = bench()
    assert asked(made, "n2", "write", 7).revision == 1
    move(made, 1)
    assert asked(made, "n1", "read", sequence=2).value == 7
    assert asked(made, "n3", "write", 8, session="other").revision == 2
    move(made, 2, "g2", "g1")
    assert (asked(made, "n2", "read", sequence=3)).value == 8


def test_a_request_that_comes_again_after_a_move_gets_its_first_answer() -> None:
    made = bench()
    first = asked(made, "n2", "append", 1)
    move(made, 1)
    assert asked(made, "n2", "append", 1) == first
    assert asked(made, "n1", "read", session="other").value == [1]


def test_a_node_with_an_old_route_is_sent_on_and_knows_better() -> None:
    made = bench()
    place(made, MAP, entry(PLAN, SLOT, 1, "g1", "g2"))
    place(made, "g1", entry(FREEZE, SLOT, 1, "g2"))
    place(made, "g2", entry(INSTALL, SLOT, 1, state(made)))
    routes = made.program("n2")._router._routes
    assert routes[SLOT] == (0, "g1"), "nobody has told it"
    assert asked(made, "n2", "write", 7).revision == 1
    assert routes[SLOT] == (1, "g2")
    assert made.program("n1")._members["g2"].shard.read(KEY).value == 7
    assert made.program("n1")._members["g1"].shard.read(KEY).error == MOVED


def test_a_request_waits_for_a_slot_that_is_on_its_way() -> None:
    made = bench()
    place(made, MAP, entry(PLAN, SLOT, 1, "g1", "g2"))
    place(made, "g1", entry(FREEZE, SLOT, 1, "g2"))
    handle = made.request("n2", Request("write", KEY, 7, "s", 1))
    made.settle()
    assert handle not in made.replies
    place(made, "g2", entry(INSTALL, SLOT, 1, state(made)))
    made.fire("n2", "route")
    made.settle()
    assert made.replies[handle].revision == 1


def test_a_request_for_a_slot_that_never_arrives_is_in_doubt() -> None:
    made = bench()
    place(made, MAP, entry(PLAN, SLOT, 1, "g1", "g2"))
    place(made, "g1", entry(FREEZE, SLOT, 1, "g2"))
    handle = made.request("n2", Request("write", KEY, 7, "s", 1))
    made.settle()
    for _ in range(ATTEMPTS):
        assert handle not in made.replies
        if "route" in made.beds["n2"].timers:
            made.fire("n2", "route")
            made.settle()
        if handle in made.replies:
            break
    assert made.replies[handle].error == "in-doubt"


def test_a_request_that_was_sent_on_is_never_refused_for_good() -> None:
    made = bench()
    place(made, MAP, entry(PLAN, SLOT, 1, "g1", "g2"))
    place(made, "g1", entry(FREEZE, SLOT, 1, "g2"))
    made.program("n2")._members["g2"].raft.server.leader = None
    answer = asked(made, "n2", "write", 7)
    assert answer.error == "in-doubt", "g1 had it, and g2 knows of no leader"


def test_what_was_refused_for_good_stays_refused_when_the_slot_has_moved() -> None:
    made = bench()
    made.program("n2")._members["g1"].raft.server.leader = None
    assert asked(made, "n2", "write", 7).error == "no-leader"
    move(made, 1)
    assert asked(made, "n2", "write", 7).error == "no-leader", "a copy came late"
    assert asked(made, "n2", "write", 8, sequence=2).revision == 1


def test_writes_behind_the_freeze_are_not_carried_out_at_the_source() -> None:
    made = bench()
    place(made, MAP, entry(PLAN, SLOT, 1, "g1", "g2"))
    program = made.program("n1")
    frozen = entry(FREEZE, SLOT, 1, "g2")
    program._take(program._members["g1"], program._members["g1"].command(program._now, frozen))
    made._carry_out(made.beds["n1"], program._end())
    handle = made.request("n1", Request("write", KEY, 7, "s", 1))
    made.settle()
    assert handle not in made.replies
    place(made, "g2", entry(INSTALL, SLOT, 1, state(made)))
    made.fire("n1", "route")
    made.settle()
    assert made.replies[handle].revision == 1
    assert made.program("n1")._members["g2"].shard.read(KEY).value == 7


def test_a_slot_that_moved_is_found_after_a_restart_of_all() -> None:
    made = bench()
    assert asked(made, "n2", "write", 7).revision == 1
    move(made, 1)
    for name in NAMES:
        made.crash(name)
    for name in NAMES:
        made.start(name)
    made.wait(1000)
    for group in (MAP, *GROUPS):
        made.fire("n2", f"{group} election")
        made.settle()
    for group in (MAP, *GROUPS):
        made.fire("n2", f"{group} heartbeat")
    made.settle()
    assert asked(made, "n3", "read", sequence=2).value == 7
    assert made.program("n2")._map.table.owners[SLOT] == "g2"


def machine(group: str) -> ShardMachine:
    made = ShardMachine()
    made.begin(group, SLOTS_OF)
    return made


def test_entries_of_a_move_that_come_twice_or_late_do_nothing() -> None:
    source, to = machine("g1"), machine("g2")
    source.apply(Request("write", KEY, 1, "s", 1))
    source.apply(entry(FREEZE, SLOT, 1, "g2"))
    first = source.state(SLOT)
    to.apply(entry(INSTALL, SLOT, 1, first))
    to.apply(Request("write", KEY, 2, "s", 2))
    to.apply(entry(INSTALL, SLOT, 1, first))
    assert to.read(KEY).value == 2
    source.apply(entry(DROP, SLOT, 1))
    assert not source.frozen(SLOT, 1)
    to.apply(entry(FREEZE, SLOT, 2, "g1"))
    source.apply(entry(INSTALL, SLOT, 2, to.state(SLOT)))
    for late in (entry(FREEZE, SLOT, 1, "g2"), entry(DROP, SLOT, 1), entry(INSTALL, SLOT, 1, first)):
        source.apply(late)
        to.apply(late)
    assert source.read(KEY).value == 2
    assert to.read(KEY).error == MOVED
    again = source.apply(Request("write", KEY, 2, "s", 2))
    assert again is not None and again.revision == 2, "its first answer"


def test_a_snapshot_holds_what_moved() -> None:
    source, other = machine("g1"), machine("g1")
    source.apply(Request("write", KEY, 1, "s", 1))
    source.apply(entry(FREEZE, SLOT, 1, "g2"))
    other.restore(source.dump())
    assert other.frozen(SLOT, 1)
    assert other.state(SLOT) == source.state(SLOT)
    assert other.account(3) == source.account(3)


def test_only_one_move_is_under_way_and_it_is_planned_by_the_present_table() -> None:
    table = TableMachine()
    table.begin(SLOTS_OF.owners)
    other = next(slot for slot, owner in enumerate(SLOTS_OF.owners) if owner == "g1" and slot != SLOT)
    table.apply(entry(PLAN, SLOT, 2, "g1", "g2"))
    table.apply(entry(PLAN, SLOT, 1, "g2", "g1"))
    assert table.move is None
    table.apply(entry(PLAN, SLOT, 1, "g1", "g2"))
    table.apply(entry(PLAN, other, 1, "g1", "g2"))
    assert table.move is not None and table.move.slot == SLOT
    table.apply(entry(PUBLISH, SLOT, 2))
    assert table.epoch == 0
    table.apply(entry(PUBLISH, SLOT, 1))
    assert (table.epoch, table.move, table.owners[SLOT]) == (1, None, "g2")
    copy = TableMachine()
    copy.restore(table.dump())
    assert copy.account(1) == table.account(1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_lies_in_one_slot_and_every_group_has_slots(kind: str) -> None:
    made = Partitioning(kind, GROUPS, 4)
    assert set(made.owners) == set(GROUPS)
    for key in ("", "k0", "k99999999999999", "x", 7, -3, 2**63, None, (1, 2), True):
        assert 0 <= made.slot(key) < len(made.owners)
        assert made.slot(key) == Partitioning(kind, GROUPS, 4).slot(key)


def test_a_range_is_of_neighbours_and_the_last_one_is_open() -> None:
    made = Partitioning("range", GROUPS, 4)
    assert [made.slot(f"k{number}") for number in (0, 3, 4, 7, 8)] == [0, 0, 1, 1, 2]
    assert made.slot("k1000") == made.slot("k999999999") == SLOTS - 1


def test_a_ring_has_an_arc_for_each_virtual_node() -> None:
    assert sorted(Partitioning("ring", GROUPS, 3).owners) == ["g1"] * 3 + ["g2"] * 3
