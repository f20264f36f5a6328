"""primary-backup with STONITH: who goes on without whom, and what two nodes do that shoot each other."""

from functools import partial
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.primary_backup import PrimaryBackupSettings
from splitbrain.targets.stores.primary_backup.invariants import one_serves
from splitbrain.targets.stores.primary_backup.stonith import StonithNode

from .bench import StoreBench
from .contract import store

MS = 1_000_000
SPEC = "primary-backup:failover=timeout,stonith=on,replication=sync"


def switched(names: tuple[str, ...] = ("n1", "n2")) -> StoreBench:
    """A cluster in which n1 serves, and waits for all others."""
    settings = PrimaryBackupSettings(replication="sync", failover="timeout", stonith=True, head_start=150 * MS)
    bench = StoreBench(partial(StonithNode, settings=settings), names)
    for _ in range(3):
        bench.settle()
        bench.fire("n1", "heartbeat")
    bench.settle()
    return bench


def write(value: int) -> Request:
    """A request to write it."""
    return Request("write", "x", value, "s", value)


def test_a_primary_acknowledges_nothing_without_a_backup_that_is_not_off() -> None:
    bench = switched()
    handle = bench.request("n1", write(1))
    bench.settle(("n1",))
    bench.wait(400)
    bench.fire("n1", "heartbeat")
    bench.settle(("n1",))
    assert handle not in bench.replies
    assert bench.switching == [("n1", "n2")]
    bench.power_cycle()
    bench.settle(("n1",))
    assert bench.replies[handle].revision == 1


def test_a_backup_serves_once_its_primary_is_off_and_not_before() -> None:
    bench = switched()
    bench.fire("n2", "takeover")
    bench.settle(("n2",))
    assert bench.replies[bench.request("n2", write(1))].error == "no-leader"
    bench.fire("n2", "heartbeat")
    assert bench.switching == [("n2", "n1")]
    bench.power_cycle()
    bench.settle(("n2",))
    handle = bench.request("n2", write(2))
    bench.settle(("n2",))
    assert bench.replies[handle].revision == 1


def test_a_node_that_has_started_does_not_lead_alone_and_all_that_are_back_lead_again() -> None:
    bench = switched()
    handle = bench.request("n1", write(1))
    bench.settle()
    assert bench.replies[handle].revision == 1
    for name in ("n1", "n2"):
        bench.crash(name)
    bench.start("n2")
    bench.settle(("n2",))
    bench.fire("n2", "takeover")
    assert bench.program("n2").view == 0 and not bench.switching
    bench.start("n1")
    for _ in range(3):
        bench.settle()
        bench.fire("n1", "heartbeat")
    bench.settle()
    again = bench.request("n1", Request("read", "x"))
    assert bench.replies[again].value == 1


def test_what_an_earlier_start_of_a_primary_was_told_does_not_count_for_a_later_one() -> None:
    bench = switched(("n1", "n2", "n3"))
    bench.fire("n2", "takeover")
    for _ in range(20):
        if any(flight.to == "n2" and flight.sender == "n3" for flight in bench.flights):
            break
        bench.sync("n2") if bench.beds["n2"].syncs else bench.deliver()
        if bench.beds["n3"].syncs:
            bench.sync("n3")
    late = [flight for flight in bench.flights if flight.to == "n2" and flight.sender == "n3"]
    assert late
    bench.crash("n2")
    bench.flights = []
    bench.start("n2")
    n2 = bench.program("n2")
    for flight in late:
        n2.on_message(bench._time(), "n3", flight.message)
    assert n2._following == {}


def test_two_that_serve_at_once_are_a_breach_and_one_after_the_other_is_none() -> None:
    def told(*marks: tuple[str, str, tuple[object, ...]]) -> list[str]:
        see = one_serves().watch()
        events = [MarkEvent(node, 0, name, values) for node, name, values in marks]
        return [words for event in events if (words := see(event)) is not None]

    first, second = ("n1", "serves", (0,)), ("n2", "serves", (1,))
    assert told(first, second) == ["n2 serves in view 1, and n1 does in view 0"]
    for between in (("n2", "off", ("n1",)), ("n1", "serves-no-more", ()), ("n1", "start", ())):
        assert told(first, between, second) == []


@pytest.mark.parametrize(
    "options", ["stonith=on", "stonith=on,failover=lease", "stonith=on,failover=manual,fencing=off"]
)
def test_stonith_without_what_it_needs_is_told(options: str) -> None:
    with pytest.raises(UsageError, match="stonith=on needs failover=timeout or manual, and fencing=on"):
        store(f"primary-backup:{options}")


def test_two_nodes_without_a_head_start_switch_each_other_off_and_with_one_the_primary_goes_on(tmp_path: Path) -> None:
    def switched_off(head_start: int) -> tuple[bool, bool]:
        spec = f"{SPEC},head_start_ms={head_start}"
        found = run(spec, nodes=2, nemesis="partition", time_limit=15, seed=3, out=tmp_path / str(head_start))
        assert found.result.headline()["verdict"] == "valid"
        assert found.folder is not None
        logs = [(found.folder.path / "logs" / f"{name}.log").read_text() for name in ("n1", "n2")]
        return "the power was switched off" in logs[0], "the power was switched off" in logs[1]

    assert switched_off(0) == (True, True)
    assert switched_off(150) == (False, True)


def test_a_primary_wrongly_taken_for_dead_by_an_operator_loses_writes_unless_it_is_switched_off(
    tmp_path: Path,
) -> None:
    def verdict(spec: str, seed: int) -> str:
        found = run(spec, nemesis="promote", time_limit=10, seed=seed, out=tmp_path / f"{len(spec)}-{seed}").result
        line = found.headline()
        assert line["faults"]["promote"]["bite"]["promotions"] > 0
        return str(line["verdict"])

    assert "invalid" in {verdict("primary-backup:failover=manual", seed) for seed in range(1, 4)}
    assert {verdict(f"{SPEC.replace('timeout', 'manual')}", seed) for seed in range(1, 4)} == {"valid"}


def test_a_node_that_nobody_waits_for_refuses_to_be_promoted() -> None:
    bench = switched()
    for name in ("n1", "n2"):
        bench.crash(name)
    bench.start("n2")
    handle = bench.request("n2", Request("promote"))
    bench.settle(("n2",))
    assert bench.replies[handle].error == "unsupported"
