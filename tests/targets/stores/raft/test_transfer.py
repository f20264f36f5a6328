"""Transfer of the leadership in Raft: to the server that an operator chooses, once it has the whole log, and never in
the way of a lease."""

from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.raft.messages import TimeoutNow, TransferRequest, VoteRequest

from .bench import THREE, RaftBench


def led() -> RaftBench:
    """A cluster that s1 leads, and whose others have heard it just now."""
    bench = RaftBench(THREE, reads="lease")
    bench.elect("s1", "s2", "s3")
    bench.settle()
    bench.fire("s1", "heartbeat")
    bench.settle()
    return bench


def test_a_chosen_server_leads_at_once_though_all_have_just_heard_the_leader() -> None:
    bench = led()
    term = bench.server("s1").term
    handle = bench.request("s2", Request("promote"))
    assert bench.replies[handle].error is None
    bench.settle()
    assert bench.leaders() == ["s2"] and bench.server("s2").term == term + 1


def test_a_leader_that_hands_over_takes_no_requests_and_leads_on_if_nothing_comes_of_it() -> None:
    bench = led()
    bench.write("s1", 1)
    bench.drop(lambda flight: True)
    bench.hand("s1", "s2", TransferRequest(bench.server("s1").term))
    refused = bench.request("s1", Request("write", "x", 2, "me", 1))
    assert bench.replies[refused].error == "no-leader"
    assert bench.leaders() == ["s1"]
    bench.wait(400)
    late = bench.request("s1", Request("write", "x", 3, "me", 2))
    assert late not in bench.replies, "accepted again"


def test_a_leader_has_stepped_down_before_the_other_may_stand() -> None:
    bench = led()
    bench.hand("s1", "s2", TransferRequest(bench.server("s1").term))
    assert [type(flight.message) for flight in bench.flights] == [TimeoutNow]
    assert bench.leaders() == []
    read = bench.request("s1", Request("read", "x", None, "me", 1))
    assert bench.replies[read].error == "no-leader", "no lease is left"


def test_an_order_that_comes_late_is_nothing() -> None:
    bench = led()
    bench.hand("s2", "s1", TimeoutNow(bench.server("s2").term - 1))
    assert bench.leaders() == ["s1"]
    assert not any(isinstance(flight.message, VoteRequest) for flight in bench.flights)


@pytest.mark.parametrize("reads", ["log", "lease"])
def test_clients_notice_no_more_than_refusals(reads: str, tmp_path: Path) -> None:
    result = run(f"raft:reads={reads}", seed=2, nemesis="promote", time_limit=8, out=tmp_path).result
    assert result.status.value == "valid", result.reason
