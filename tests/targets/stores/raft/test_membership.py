"""Changes of membership in Raft: one server at a time, by the latest configuration in the log, and over restarts and
snapshots."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.raft.marks import RaftMarks
from splitbrain.targets.stores.raft.messages import AppendRequest, SnapshotRequest, TransferRequest, VoteRequest

from .bench import FIVE, THREE, RaftBench

NUMBERS = count(1)


def asked(bench: RaftBench, server: str, f: str, name: str | None = None, session: str = "") -> int:
    """An operator's request to a server; the handle of its reply."""
    return bench.request(server, Request(f, None, name, session or f"operator.{next(NUMBERS):x}.0", 1))


def done(bench: RaftBench, server: str, f: str, name: str | None = None) -> Response:
    """The answer to an operator's request, once all is quiet."""
    handle = asked(bench, server, f, name)
    bench.settle()
    return bench.replies[handle]


def led(names: tuple[str, ...] = FIVE, **options: Any) -> RaftBench:
    """A cluster that s1 leads."""
    bench = RaftBench(names, **options)
    bench.elect("s1", *names[1:])
    bench.settle()
    return bench


def test_a_server_leaves_and_joins_again_with_nothing() -> None:
    bench = led(THREE)
    bench.write("s1", 1)
    assert done(bench, "s2", "remove-member", "s3").value == [("s1", "s2"), ()], "a follower passes it on"
    bench.make_anew("s3")
    assert done(bench, "s1", "admit-member", "s3").value == [("s1", "s2"), ("s3",)]
    assert done(bench, "s2", "promote-member", "s3").value == [("s1", "s2", "s3"), ()]
    assert done(bench, "s3", "members").value == [("s1", "s2", "s3"), ()], "it has learned who leads"
    bench.heartbeat("s1", "s2", "s3")
    assert bench.server("s3").machine.read("x").value == 1


def test_what_is_there_already_is_answered_and_changes_nothing() -> None:
    bench = led(THREE)
    done(bench, "s1", "remove-member", "s3")
    index = bench.server("s1").configurations[-1].index
    assert done(bench, "s1", "remove-member", "s3").value == [("s1", "s2"), ()]
    assert done(bench, "s1", "admit-member", "s2").value == [("s1", "s2"), ()]
    assert bench.server("s1").configurations[-1].index == index


def test_the_latest_configuration_counts_before_it_is_committed() -> None:
    bench = led()
    asked(bench, "s1", "remove-member", "s5")
    asked_index = bench.server("s1").log.last
    assert bench.server("s1").majority == 3 and "s5" not in bench.server("s1").others
    bench.settle(("s1", "s2"))
    assert bench.server("s1").commit < asked_index, "two of four"
    assert bench.server("s2").voters == ("s1", "s2", "s3", "s4")
    bench.heartbeat("s1", "s2", "s3")
    assert bench.server("s1").commit == asked_index


def test_a_second_change_is_refused_until_the_first_is_committed() -> None:
    bench = led()
    asked(bench, "s1", "remove-member", "s5")
    second = asked(bench, "s1", "remove-member", "s4")
    assert bench.replies[second] == Response(error="unavailable", text="the last change is not committed yet")
    bench.settle()
    assert done(bench, "s1", "remove-member", "s4").value == [("s1", "s2", "s3"), ()]


def test_a_new_leader_changes_nothing_before_an_entry_of_its_term_is_committed() -> None:
    bench = led(THREE)
    bench.elect("s2", "s3")
    early = asked(bench, "s2", "remove-member", "s1")
    assert bench.replies[early].text == "no entry of this leader's term is committed yet"
    bench.settle()
    assert done(bench, "s2", "remove-member", "s1").error is None


def test_a_change_that_another_leader_overwrites_is_taken_back() -> None:
    bench = led(THREE)
    asked(bench, "s1", "remove-member", "s3")
    while bench.beds["s1"].syncs:
        bench.sync("s1")
    bench.elect("s2", "s3")
    bench.settle()
    assert bench.leaders() == ["s2"]
    assert bench.server("s1").voters == THREE and bench.server("s1").majority == 2
    assert done(bench, "s1", "members").value == [THREE, ()]


def test_a_request_that_comes_a_second_time_and_late_is_refused() -> None:
    bench = led(THREE)
    session = f"operator.{next(NUMBERS):x}.0"
    for f in ("remove-member", "admit-member", "promote-member"):
        asked(bench, "s1", f, "s3", session if f == "remove-member" else "")
        bench.settle()
    again = asked(bench, "s2", "remove-member", "s3", session)
    bench.settle()
    assert bench.replies[again].text == "a later change has been made"
    assert bench.server("s1").voters == THREE


def test_a_leader_that_is_removed_steps_down_once_that_is_committed() -> None:
    bench = led(THREE)
    handle = asked(bench, "s1", "remove-member", "s1")
    assert bench.leaders() == ["s1"]
    bench.settle()
    assert bench.leaders() == [] and bench.replies[handle].value == [("s2", "s3"), ()]
    bench.elect("s2", "s3")
    bench.settle()
    assert done(bench, "s3", "members").value == [("s2", "s3"), ()]


def test_the_last_server_with_a_vote_stays() -> None:
    bench = led(("s1",))
    refused = asked(bench, "s1", "remove-member", "s1")
    assert bench.replies[refused].text == "s1 is the last server that has a vote"


def test_who_has_no_vote_does_not_stand_and_does_not_count() -> None:
    bench = led(THREE)
    done(bench, "s1", "remove-member", "s3")
    bench.make_anew("s3")
    bench.fire("s3", "election")
    assert not bench.flights, "it knows nobody"
    done(bench, "s1", "admit-member", "s3")
    bench.wait(400)
    bench.fire("s3", "election")
    assert not any(isinstance(flight.message, VoteRequest) for flight in bench.flights)
    index = bench.server("s1").log.last + 1
    bench.write("s1", 1)
    bench.settle(("s1", "s3"))
    assert bench.server("s3").log.last == index and bench.server("s1").commit < index, "one vote of two"
    bench.hand("s1", "s3", TransferRequest(bench.server("s1").term))
    assert not bench.program("s1").transfer.under_way


def test_who_was_removed_and_does_not_know_it_does_not_disturb() -> None:
    bench = led(THREE)
    term = bench.server("s1").term
    done(bench, "s1", "remove-member", "s3")
    assert bench.server("s3").voters == THREE
    for _ in range(10):
        bench.heartbeat("s1", "s2")
    bench.fire("s3", "election")
    assert [type(flight.message) for flight in bench.flights] == [VoteRequest, VoteRequest]
    bench.settle()
    assert bench.leaders() == ["s1"] and bench.server("s1").term == bench.server("s3").term == term


def test_a_learner_that_is_far_behind_gets_no_vote() -> None:
    bench = led(THREE, compact_after=0)
    for number in range(201):
        bench.write("s1", number)
    bench.settle()
    done(bench, "s1", "remove-member", "s3")
    bench.make_anew("s3")
    asked(bench, "s1", "admit-member", "s3")
    bench.settle(("s1", "s2"))
    early = asked(bench, "s1", "promote-member", "s3")
    assert bench.replies[early].text == "s3 has not caught up yet"
    bench.heartbeat("s1", "s2", "s3")
    assert done(bench, "s1", "promote-member", "s3").value == [THREE, ()]


@pytest.mark.parametrize("compact_after", [0, 4])
def test_a_restart_finds_the_configuration_in_the_log_or_in_the_snapshot(compact_after: int) -> None:
    bench = led(FIVE, compact_after=compact_after)
    done(bench, "s1", "remove-member", "s5")
    for number in range(20):
        bench.write("s1", number)
        bench.settle()
    bench.heartbeat("s1", "s2", "s3", "s4")
    assert (bench.server("s2").log.base > 0) == bool(compact_after)
    bench.crash("s2")
    bench.start("s2")
    assert bench.server("s2").voters == ("s1", "s2", "s3", "s4")


def test_a_snapshot_that_is_installed_brings_the_configuration_of_its_index() -> None:
    bench = led(FIVE, compact_after=4)
    bench.crash("s4")
    done(bench, "s1", "remove-member", "s5")
    for number in range(20):
        bench.write("s1", number)
        bench.settle()
    bench.start("s4")
    bench.fire("s1", "heartbeat")
    seen = []
    while bench.flights:
        seen.append(type(bench.flights[0].message))
        bench.deliver()
        for name in bench.up():
            while bench.beds[name].syncs:
                bench.sync(name)
    assert SnapshotRequest in seen and AppendRequest in seen
    assert bench.server("s4").voters == ("s1", "s2", "s3", "s4")


def test_a_newcomer_had_no_members_before_the_first_that_it_hears_of() -> None:
    bench = led(THREE)
    done(bench, "s1", "remove-member", "s3")
    log, term = bench.server("s1").log, bench.server("s1").term
    bench.make_anew("s3")
    bench.hand("s3", "s1", AppendRequest(term, 0, 0, log.between(1, log.last), 0, 1))
    assert bench.server("s3").voters == ("s1", "s2")
    (mark,) = RaftMarks(bench.server("s3"))._configured()
    assert mark.values[:3] == (log.last, ("s1", "s2"), (None, ()))
    (mark,) = RaftMarks(bench.server("s2"))._configured()
    assert mark.values[:3] == (log.last, ("s1", "s2"), (0, THREE))


@pytest.mark.parametrize("target", ["raft", "raft:reads=lease,snapshot_entries=20", "raft:version=2"])
def test_members_change_under_faults(target: str, tmp_path: Path) -> None:
    done = run(target, seed=1, nemesis="membership,partition,kill", time_limit=6, out=tmp_path).result
    assert done.status.value == "valid", done.reason
