"""Figures of the Raft paper, and the mistakes that its text warns of, played step by step."""

import pytest

from splitbrain.targets.stores.messages import Answer, Forward, Request
from splitbrain.targets.stores.raft.messages import AppendReply, AppendRequest, VoteReply, VoteRequest

from .bench import FIVE, THREE, RaftBench


def test_a_leader_is_elected_and_a_write_is_committed() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    handle = bench.write("s1", 1)
    assert handle not in bench.replies
    bench.settle()
    assert bench.replies[handle].error is None
    assert {name: bench.terms(name) for name in THREE} == {name: [1, 1] for name in THREE}


def test_figure_7_a_leader_brings_every_kind_of_log_in_line() -> None:
    """Followers that lack entries, or have extra ones of other terms, and end with the leader's log."""
    bench = RaftBench(FIVE)
    bench.elect("s1", "s2", "s3")
    bench.write("s1", 1)
    bench.settle(("s1", "s2", "s3", "s4"))  # s5 lacks everything
    bench.elect("s4", "s2", "s3")
    for value in range(3):
        bench.write("s4", value)  # s4 alone has extra entries
    bench.elect("s2", "s3", "s5")
    bench.write("s2", 9)
    assert bench.terms("s4") == [1, 1, 2, 2, 2, 2]
    for _ in range(4):
        bench.heartbeat("s2", *FIVE)
    assert {name: bench.terms(name) for name in FIVE} == {name: [1, 1, 3, 3] for name in FIVE}


def test_a_leader_and_a_follower_whose_disk_is_slow_come_to_rest() -> None:
    """A follower that has a snapshot but not yet on its disk says at once how far its disk is, and is not told of the
    snapshot again for that: the two would go on until its disk is done, and duplicated messages would be a flood."""
    bench = RaftBench(compact_after=4)
    bench.elect("s1", "s2")
    for _ in range(2):
        bench.wait(200)
        bench.write("s1", bench.fresh())
        bench.settle(("s1", "s2"))
    bench.heartbeat("s1", "s2")  # s3 has been silent, and owes nothing any more
    for _ in range(20):
        bench.write("s1", bench.fresh())
        bench.settle(("s1", "s2"))
    assert bench.server("s1").log.base > 10
    bench.settle(("s1", "s2"))
    bench.heartbeat("s1", "s2")
    for turn in range(3):
        bench.fire("s1", "heartbeat")
        for _ in range(30):
            bench.drop(lambda flight: "s2" in (flight.sender, flight.to))
            if not bench.flights:
                break
            bench.deliver()
            if not turn and bench.beds["s3"].syncs and not bench.server("s3").log.base:
                bench.sync("s3")  # its term alone
        assert not bench.flights, "the two answer each other without end"
    assert bench.server("s3").log.base > 10 and bench.beds["s3"].syncs
    bench.settle()
    assert bench.server("s3").log.last == bench.server("s1").log.last


def test_figure_8_an_old_entry_on_a_majority_is_not_committed() -> None:
    bench = RaftBench(FIVE)
    bench.elect("s1", "s2", "s3")
    bench.settle(FIVE)
    bench.heartbeat("s1", *FIVE)
    # (a) s1 leads and replicates an entry (index 2) to s2 alone.
    bench.write("s1", "old")
    bench.settle(("s1", "s2"))
    assert bench.terms("s2") == [1, 1]
    # (b) s1 crashes; s5 leads with the votes of s3 and s4, and places another entry at index 2.
    bench.crash("s1")
    bench.elect("s5", "s3", "s4")
    bench.settle(("s5",))
    # (c) s5 crashes; s1 leads again and goes on replicating: the old entry reaches a majority, its own does not.
    bench.crash("s5")
    bench.start("s1")
    bench.elect("s1", "s2", "s3")
    s1 = bench.server("s1")
    assert s1.term == 3
    old = AppendRequest(3, 1, 1, (s1.log.entry(2),), 1, 1)
    bench.flights.clear()
    for follower in ("s2", "s3"):
        bench.hand(follower, "s1", old)
    bench.settle(("s1", "s2", "s3"))
    copies = [name for name in ("s1", "s2", "s3") if bench.terms(name)[1:2] == [1]]
    assert len(copies) == 3
    assert s1.commit < 2
    # (d) s1 crashes; s5, whose last entry is of a later term than theirs, leads and overwrites the old entry.
    bench.crash("s1")
    bench.start("s5")
    bench.elect("s5", "s2", "s3")
    bench.settle(("s5", "s2", "s3", "s4"))
    assert bench.terms("s2") == bench.terms("s3") == [1, 2, 4]
    assert bench.server("s5").commit == 3


def test_figure_8_an_entry_of_the_own_term_commits_the_old_ones() -> None:
    """(e): had s1 replicated an entry of its own term to a majority, the old one would be committed with it."""
    bench = RaftBench(FIVE)
    bench.elect("s1", "s2", "s3")
    bench.write("s1", "old")
    bench.settle(("s1", "s2"))
    assert bench.server("s1").commit == 0
    bench.crash("s1")
    bench.start("s1")
    bench.elect("s1", "s2", "s3")
    bench.heartbeat("s1", "s2", "s3")
    bench.heartbeat("s1", "s2", "s3")
    assert bench.server("s1").commit == 3


def test_a_vote_is_told_only_when_it_is_on_disk() -> None:
    bench = RaftBench()
    bench.wait(400)
    bench.hand("s2", "s1", VoteRequest(1, 0, 0, False))
    assert not [flight for flight in bench.flights if flight.sender == "s2"]
    bench.sync("s2")
    assert [flight.message for flight in bench.flights] == [VoteReply(1, True, False)]


def test_nobody_votes_twice_in_a_term_even_after_a_crash() -> None:
    bench = RaftBench()
    bench.wait(400)
    ask = VoteRequest(1, 0, 0, False)
    bench.hand("s2", "s1", ask)
    bench.sync("s2")
    bench.crash("s2")
    bench.start("s2")
    bench.wait(400)
    bench.flights.clear()
    bench.hand("s2", "s3", ask)
    bench.settle()
    assert bench.server("s2").log.vote == "s1"
    assert bench.server("s3").role != "leader"


def test_a_server_that_heard_a_leader_lately_withholds_its_vote() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    bench.heartbeat("s1", "s2", "s3")
    bench.wait(140)
    ask = VoteRequest(9, 9, 9, False)
    bench.hand("s2", "s3", ask)
    assert bench.server("s2").term == 1
    bench.crash("s2")
    bench.start("s2")
    bench.wait(140)
    bench.hand("s2", "s3", ask)
    assert bench.server("s2").term == 1  # it forgot when it heard the leader, but not that it may have
    bench.wait(20)
    bench.hand("s2", "s3", ask)
    assert bench.server("s2").term == 9


def test_a_timer_that_was_up_just_as_a_leader_spoke_makes_no_candidate() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2", "s3")
    bench.settle()
    bench.beds["s2"].timers["election"] = bench.now
    bench.fire("s2", "election")
    assert bench.server("s2").role == "follower"
    assert not bench.flights
    bench.fire("s2", "election")
    assert bench.server("s2").role == "candidate"


def test_a_candidate_with_a_shorter_log_gets_no_vote() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.write("s1", 1)
    bench.settle(("s1", "s2"))
    bench.wait(400)
    bench.fire("s3", "election")
    bench.settle(("s2", "s3"))
    assert bench.server("s3").role != "leader"
    assert bench.server("s2").term == 1  # the trial vote was lost, so nobody's term rose


def test_the_leader_counts_its_own_entry_only_when_it_is_on_disk() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    handle = bench.write("s1", 1)
    while any(flight.to == "s2" for flight in bench.flights):
        bench.drop(lambda flight: flight.to == "s3")
        bench.deliver()
    bench.sync("s2")
    while bench.flights:
        bench.deliver()
    # One follower has it on disk, the leader does not: one of three is no majority.
    assert handle not in bench.replies
    assert bench.server("s1").commit == 1


def test_a_follower_acknowledges_only_what_is_on_disk() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    bench.write("s1", 1)
    bench.drop(lambda flight: flight.to == "s3")
    bench.deliver()
    assert not bench.flights
    bench.sync("s2")
    assert [flight.message for flight in bench.flights] == [AppendReply(1, 2, ok=True, index=2)]


def test_a_follower_with_a_busy_disk_says_at_once_how_far_it_is() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    bench.write("s1", 1)
    bench.fire("s1", "heartbeat")
    bench.drop(lambda flight: flight.to == "s3")
    bench.deliver()
    bench.deliver()
    assert [flight.message for flight in bench.flights] == [AppendReply(1, 3, ok=True, index=1)]


def test_entries_wait_for_the_answer_that_a_follower_owes() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    for value in (1, 2, 3):
        bench.write("s1", value)
    assert [len(flight.message.entries) for flight in bench.flights if flight.to == "s2"] == [1]
    bench.drop(lambda flight: flight.to == "s3")
    bench.deliver()
    bench.sync("s2")
    bench.deliver()
    assert [len(flight.message.entries) for flight in bench.flights if flight.to == "s2"] == [2]


def test_an_old_message_cuts_nothing_off() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.write("s1", 1)
    late = next(flight for flight in bench.flights if flight.to == "s2")
    bench.write("s1", 2)
    bench.settle()
    assert bench.terms("s2") == [1, 1, 1]
    bench.heartbeat("s1", *THREE)
    bench.flights.append(late)
    bench.settle()
    assert bench.terms("s2") == [1, 1, 1]
    assert bench.server("s2").commit == 3


def test_a_torn_tail_is_cut() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    before = bytes(bench.beds["s2"].durable["log"])
    bench.write("s1", 1)
    bench.drop(lambda flight: flight.to != "s2")
    bench.deliver()
    bench.crash("s2", keep=0, torn=11)
    assert bytes(bench.beds["s2"].durable["log"])[: len(before)] == before
    assert len(bench.beds["s2"].durable["log"]) == len(before) + 11
    bench.start("s2")
    assert bench.terms("s2") == [1]
    bench.flights.clear()
    for _ in range(3):
        bench.heartbeat("s1", "s2", "s3")
    bench.crash("s2")
    bench.start("s2")
    assert bench.terms("s2") == [1, 1]


def test_a_leader_without_a_majority_steps_down_and_keeps_the_doubt() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    handle = bench.write("s1", "mine")
    bench.flights.clear()
    while bench.server("s1").role == "leader":
        bench.fire("s1", "heartbeat")
        bench.flights.clear()
    assert handle not in bench.replies  # it may still be committed
    refused = bench.write("s1", "late")
    assert bench.replies[refused].error == "no-leader"  # nothing was done
    bench.elect("s2", "s3")
    bench.settle()
    bench.heartbeat("s2", "s1", "s3")
    assert bench.replies[handle].error == "in-doubt"


def test_a_request_that_outlives_its_leader_is_answered_when_it_is_committed() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    handle = bench.write("s1", "mine")
    bench.deliver(0)
    bench.settle(("s2",))
    bench.elect("s2", "s3")
    bench.settle()
    bench.heartbeat("s2", "s1", "s3")
    assert bench.replies[handle].error is None


def test_a_doubled_forward_is_carried_out_once() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    handle = bench.write("s2", 1)
    flight = next(flight for flight in bench.flights if isinstance(flight.message, Forward))
    bench.settle()
    bench.flights.append(flight)
    bench.settle()
    assert bench.replies[handle].revision == 1
    read = bench.read("s1")
    bench.settle()
    assert bench.replies[read].revision == 1


def test_a_forward_to_a_server_that_leads_no_longer_is_in_doubt() -> None:
    """A forward of which another copy may have arrived while the server led."""
    bench = RaftBench()
    bench.elect("s1", "s2")
    forward = Forward(Request("write", "x", 1, "s", 1))
    bench.hand("s3", "s2", forward)
    answer = bench.flights[-1].message
    assert isinstance(answer, Answer)
    assert answer.response.error == "in-doubt"


def test_a_failed_sync_ends_a_server() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle()
    handle = bench.write("s1", 1)
    with pytest.raises(SystemExit, match="the disk failed with EIO"):
        bench.program("s1").on_disk_error(bench._time(), 99, 5)
    bench.crash("s1")
    bench.settle()
    assert handle not in bench.replies
    bench.start("s1")
    assert bench.terms("s1") == [1]


def test_a_single_server_elects_and_serves_itself() -> None:
    bench = RaftBench(("s1",), reads="index")
    bench.elect("s1")
    write, read = bench.write("s1", 1), bench.read("s1")
    bench.settle()
    assert bench.replies[write].error is None
    assert bench.replies[read].error is None


def test_a_follower_commits_only_what_is_known_to_match() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.write("s1", "stale")
    bench.flights.clear()
    bench.hand("s1", "s2", AppendRequest(2, 0, 0, (), 2, 1))
    assert bench.terms("s1") == [1, 1]
    assert bench.server("s1").commit == 0


def test_an_acknowledgement_of_an_earlier_term_counts_for_nothing() -> None:
    bench = RaftBench()
    bench.elect("s1", "s2")
    bench.settle(("s1",))
    bench.crash("s1")
    bench.start("s1")
    bench.elect("s1", "s2")
    bench.settle(("s1",))
    assert bench.server("s1").term == 2
    bench.hand("s1", "s2", AppendReply(1, 9, ok=True, index=1))
    bench.settle(("s1",))
    assert bench.server("s1").commit == 0
    assert bench.program("s1").replication.confirmed == 0


def test_a_refusal_of_an_older_term_confirms_no_round() -> None:
    """A leader of an older term may lead again, and count its rounds anew."""
    bench = RaftBench()
    bench.elect("s1", "s2", "s3")
    bench.settle()
    bench.elect("s2", "s1", "s3")
    bench.settle()
    bench.elect("s1", "s2", "s3")
    bench.settle()
    replication = bench.program("s1").replication
    before = replication.confirmed
    for follower in ("s2", "s3"):
        bench.hand(follower, "s1", AppendRequest(1, 0, 0, (), 0, 999))
    bench.settle()
    assert bench.leaders() == ["s1"]
    assert replication.confirmed == before
