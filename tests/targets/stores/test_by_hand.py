"""single and primary-backup on the workbench: what must wait for a disk, and what a crash at the wrong moment shows."""

from functools import partial

import pytest

from splitbrain.harness.program import SetTimer
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.primary_backup import PrimaryBackupNode, PrimaryBackupSettings
from splitbrain.targets.stores.primary_backup.lease import LeasedNode
from splitbrain.targets.stores.primary_backup.messages import Ship, Shipped
from splitbrain.targets.stores.single import SingleNode

from .bench import StoreBench

NAMES = ("n1", "n2", "n3")


def write(value: int) -> Request:
    """A request to write it."""
    return Request("write", "x", value, "s", value)


READ = Request("read", "x")


def test_single_shows_nothing_that_a_crash_could_take_back() -> None:
    bench = StoreBench(SingleNode, ("n1",))
    handle = bench.request("n1", write(1))
    early = bench.request("n1", READ)
    assert handle not in bench.replies
    assert bench.replies[early].value is None
    bench.crash("n1", keep=0, torn=9)
    bench.start("n1")
    bench.settle()
    late = bench.request("n1", READ)
    assert bench.replies[late].value is None
    handle = bench.request("n1", write(2))
    bench.settle()
    assert bench.replies[handle].revision == 1
    bench.crash("n1")
    bench.start("n1")
    assert bench.replies[bench.request("n1", READ)].value == 2


def test_an_unsynced_single_answers_at_once_and_a_crash_takes_back_what_was_seen() -> None:
    bench = StoreBench(partial(SingleNode, synced=False), ("n1",))
    written = bench.request("n1", write(1))
    seen = bench.request("n1", READ)
    assert bench.replies[written].revision == 1 and bench.replies[seen].value == 1
    bench.settle()
    bench.crash("n1", keep=0)
    bench.start("n1")
    assert bench.replies[bench.request("n1", READ)].value is None
    bench.request("n1", write(2))
    bench.crash("n1", keep=1)
    bench.start("n1")
    assert bench.replies[bench.request("n1", READ)].value == 2, "it was written, and the disk may have kept it"


def test_a_disk_error_ends_a_node_and_acknowledges_nothing() -> None:
    for make in (SingleNode, partial(PrimaryBackupNode, settings=PrimaryBackupSettings())):
        bench = StoreBench(make, ("n1",))
        bench.settle()
        handle = bench.request("n1", write(1))
        with pytest.raises(SystemExit, match="the disk failed with EIO"):
            bench.program("n1").on_disk_error(None, 1, 5)
        assert handle not in bench.replies


def primary_backup(**options: str) -> StoreBench:
    """Three nodes; n1 is primary."""
    bench = StoreBench(partial(PrimaryBackupNode, settings=PrimaryBackupSettings(**options)), NAMES)  # type: ignore[arg-type]
    bench.settle()
    return bench


def test_a_primary_ships_nothing_that_is_not_on_its_own_disk() -> None:
    """An entry that a backup has could be lost by a restart, and its place in the view given to another."""
    bench = primary_backup()
    bench.request("n1", write(1))
    bench.fire("n1", "heartbeat")
    assert [len(f.message.entries) for f in bench.flights if isinstance(f.message, Ship)] == [0, 0]
    bench.flights.clear()
    bench.sync("n1")
    assert [len(f.message.entries) for f in bench.flights if isinstance(f.message, Ship)] == [1, 1]


def test_a_synchronous_primary_waits_for_the_disks_of_all_backups() -> None:
    bench = primary_backup(replication="sync")
    handle = bench.request("n1", write(1))
    bench.sync("n1")
    while bench.flights:
        bench.deliver()
    bench.sync("n2")
    while bench.flights:
        bench.deliver()
    assert handle not in bench.replies
    assert bench.replies[bench.request("n1", READ)].value is None
    bench.settle()
    assert bench.replies[handle].revision == 1


def test_a_takeover_is_on_disk_before_anybody_hears_of_it() -> None:
    bench = primary_backup(failover="timeout")
    bench.fire("n2", "takeover")
    assert bench.flights == []
    bench.crash("n2")
    bench.start("n2")
    assert bench.program("n2").view == 0


def test_views_belong_to_one_node_each_and_the_highest_wins() -> None:
    bench = primary_backup(failover="timeout")
    for name in ("n2", "n3"):
        bench.fire(name, "takeover")
    bench.settle(("n2",))
    bench.settle(("n3",))
    assert [bench.program(name).view for name in NAMES] == [0, 1, 2]
    for _ in range(3):
        bench.fire("n3", "heartbeat")
        bench.settle()
    assert [bench.program(name).view for name in NAMES] == [2, 2, 2]
    assert [bench.program(name).role.name for name in NAMES] == ["backup", "backup", "primary"]


def test_the_losers_tail_is_overwritten_even_if_nobody_writes_again() -> None:
    bench = primary_backup(failover="timeout")
    lost = bench.request("n1", write(1))
    bench.settle(("n1",))
    assert bench.replies[lost].error is None
    bench.fire("n2", "takeover")
    bench.settle(("n2", "n3"))
    for _ in range(3):
        bench.fire("n2", "heartbeat")
        bench.settle()
    logs = [bench.program(name).log for name in NAMES]
    assert len({log.between(1, log.last) for log in logs}) == 1
    assert bench.program("n1").machine.read("x").value is None
    assert any("are lost" in line for line in bench.beds["n1"].log)


def leased() -> StoreBench:
    """Three nodes with leases, after the first heartbeat; n1 is primary."""
    settings = PrimaryBackupSettings(replication="sync", failover="lease")
    bench = StoreBench(partial(LeasedNode, settings=settings), NAMES)
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench


def test_a_semi_synchronous_primary_waits_for_one_backup() -> None:
    bench = primary_backup(replication="semi-sync")
    handle = bench.request("n1", write(1))
    bench.settle(("n1",))
    assert handle not in bench.replies
    bench.fire("n1", "heartbeat")
    bench.settle(("n1", "n3"))
    assert bench.replies[handle].revision == 1


def test_a_primary_serves_while_a_majority_is_bound_to_it() -> None:
    bench = leased()
    assert bench.replies[bench.request("n1", READ)].error is None
    bench.wait(300)
    assert bench.replies[bench.request("n1", READ)].error == "no-leader"


def test_a_backup_that_is_bound_follows_no_other_not_even_after_a_restart() -> None:
    bench = leased()
    bench.crash("n3")
    bench.start("n3")
    n3 = bench.program("n3")
    ship = Ship(1, 1, 0, (), bench.now, (0, 1), False, 0)
    n3.on_message(bench._time(), "n2", ship)
    assert n3.view == 0
    bench.wait(301)
    n3.on_message(bench._time(), "n2", ship)
    assert n3.view == 1


def test_a_backup_that_is_bound_does_not_lead_though_its_timer_was_up_as_the_primary_spoke() -> None:
    bench = leased()
    n2 = bench.program("n2")
    effects = n2.on_timer(bench._time(), "takeover")
    assert n2.view == 0
    assert SetTimer("takeover", 300_000_000) in effects
    bench.fire("n2", "takeover")
    assert n2.view == 1


def test_a_backup_that_is_bound_enters_no_view_of_which_a_late_answer_tells() -> None:
    bench = leased()
    n2, late = bench.program("n2"), Shipped(2, False, 0, 0)
    n2.on_message(bench._time(), "n3", late)
    assert n2.view == 0
    bench.wait(301)
    n2.on_message(bench._time(), "n3", late)
    assert n2.view == 2


def test_a_backup_follows_no_primary_that_lacks_what_it_has_unless_a_majority_does() -> None:
    bench = leased()
    bench.request("n1", write(1))
    bench.settle(("n1", "n3"))
    bench.fire("n1", "heartbeat")
    bench.settle(("n1", "n3"))
    n3 = bench.program("n3")
    assert n3.log.last == 2
    bench.wait(301)
    n3.on_message(bench._time(), "n2", Ship(1, 1, 0, (), bench.now, (0, 1), False, 0))
    assert n3.view == 0
    n3.on_message(bench._time(), "n2", Ship(1, 1, 0, (), bench.now, (0, 1), True, 0))
    assert n3.view == 1


def test_a_new_primary_serves_once_a_majority_has_an_entry_of_its_view() -> None:
    bench = leased()
    bench.fire("n2", "takeover")
    bench.settle(("n2",))
    assert bench.replies[bench.request("n2", READ)].error == "no-leader"
    for _ in range(3):
        bench.fire("n2", "heartbeat")
        bench.settle(("n2", "n3"))
    assert bench.replies[bench.request("n2", Request("read", "x", None, "later", 1))].error is None


def test_a_primary_that_few_follow_places_no_entry_that_would_make_its_log_look_newer() -> None:
    bench = leased()
    bench.fire("n2", "takeover")
    bench.settle(("n2",))
    assert bench.program("n2").view == 1
    bench.request("n2", write(1))
    bench.settle(("n2",))
    log = bench.program("n2").log
    assert (log.last, log.term_at(log.last)) == (1, 0)
