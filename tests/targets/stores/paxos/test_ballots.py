"""paxos on the workbench: what ballots, promises and rounds must see to."""

from functools import partial

import pytest

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.paxos import PaxosNode
from splitbrain.targets.stores.paxos.messages import Accept, AcceptReply, Outbid, Prepare, Promise
from splitbrain.targets.stores.paxos.replica import PaxosSettings

from ..bench import StoreBench

NAMES = ("n1", "n2", "n3")
READ = Request("read", "x", None, "r", 1)


def bench(**options: str) -> StoreBench:
    """Three nodes that have started."""
    made = StoreBench(partial(PaxosNode, settings=PaxosSettings(**options)), NAMES)  # type: ignore[arg-type]
    made.settle()
    return made


def write(value: int, session: str = "s") -> Request:
    """A request to write it."""
    return Request("write", "x", value, session, value)


def proposed_but_not_accepted_by_others(made: StoreBench) -> None:
    """n1 proposes to write 1, and only n1 accepts it."""
    made.request("n1", write(1))
    while not any(isinstance(flight.message, Accept) for flight in made.flights):
        waiting = [name for name in NAMES if made.beds[name].syncs]
        made.sync(waiting[0]) if waiting else made.deliver()
    made.drop(lambda flight: True)
    made.settle(("n1",))


def test_a_change_half_done_is_settled_by_the_next_reader_who_sees_it() -> None:
    made = bench()
    proposed_but_not_accepted_by_others(made)
    made.crash("n1")
    made.start("n1")
    first = made.request("n2", READ)
    made.settle(("n1", "n2"))
    seen = made.replies[first].value
    assert seen == 1
    second = made.request("n3", READ)
    made.settle(("n2", "n3"))
    assert made.replies[second].value == seen


@pytest.mark.parametrize("reads", ["change", "quorum"])
def test_a_change_half_done_that_no_majority_saw_is_overwritten(reads: str) -> None:
    made = bench(reads=reads)
    proposed_but_not_accepted_by_others(made)
    made.crash("n1")
    written = made.request("n2", write(2, "t"))
    made.settle(("n2", "n3"))
    assert made.replies[written].revision == 1
    made.start("n1")
    for name in NAMES:
        read = made.request(name, READ)
        made.settle()
        assert (made.replies[read].value, made.replies[read].revision) == (2, 1)


def test_nothing_is_promised_or_accepted_before_it_is_on_disk() -> None:
    made = bench()
    made.request("n1", write(1))
    while made.flights:
        made.deliver()
    assert not any(isinstance(flight.message, Promise) for flight in made.flights)
    made.sync("n2")
    assert [type(flight.message) for flight in made.flights] == [Promise]
    made.crash("n3")
    made.start("n3")
    assert made.program("n3").acceptor.slot("x").promised == (0, 0, 0)


def test_a_promise_survives_a_restart() -> None:
    made = bench()
    made.program("n2").acceptor.prepare(Prepare("x", (7, 1, 0)))
    made.beds["n2"].program.on_message(made._time(), "n1", Prepare("x", (8, 1, 0)))  # type: ignore[union-attr]
    answer, _ = made.program("n2").acceptor.accept(
        Accept("x", (7, 1, 0), made.program("n2").acceptor.slot("x").register)
    )
    assert isinstance(answer, Outbid) and answer.promised == (8, 1, 0)


def test_no_ballot_is_used_in_two_lives() -> None:
    made = bench()
    made.request("n1", write(1))
    first = made.flights[0].message.ballot
    made.crash("n1")
    made.start("n1")
    made.settle()
    made.drop(lambda flight: True)
    made.request("n1", write(2))
    second = next(flight.message.ballot for flight in made.flights if isinstance(flight.message, Prepare))
    assert first[0] == second[0] and first != second


def test_a_request_that_comes_again_at_another_node_is_carried_out_once() -> None:
    made = bench()
    once = made.request("n1", Request("append", "x", 1, "s", 1))
    made.settle()
    again = made.request("n2", Request("append", "x", 1, "s", 1))
    made.settle()
    assert made.replies[again] == made.replies[once]
    read = made.request("n3", READ)
    made.settle()
    assert made.replies[read].value == [1]


def test_an_answer_that_arrives_twice_counts_once() -> None:
    made = bench()
    handle = made.request("n1", write(1))
    while not any(isinstance(flight.message, Accept) for flight in made.flights):
        waiting = [name for name in NAMES if made.beds[name].syncs]
        made.sync(waiting[0]) if waiting else made.deliver()
    made.drop(lambda flight: flight.to != "n2")
    while made.flights:
        made.deliver()
    while made.beds["n2"].syncs:
        made.sync("n2")
    accepted = [flight for flight in made.flights if isinstance(flight.message, AcceptReply)]
    made.beds["n1"].syncs.clear()  # its own copy is not on its disk
    for _ in range(3):
        made.deliver(made.flights.index(accepted[0]), keep=True)
    assert handle not in made.replies


def test_a_request_that_no_majority_heard_is_refused_and_its_copy_too() -> None:
    made = bench()
    handle = made.request("n1", write(1))
    made.settle(("n1",))
    for _ in range(9):
        if handle not in made.replies:
            made.fire("n1", next(iter(made.beds["n1"].timers)))
            made.settle(("n1",))
    assert made.replies[handle].error == "unavailable"
    copy = made.request("n1", write(1))
    made.settle()
    assert made.replies[copy].error == "unavailable"
    read = made.request("n2", READ)
    made.settle()
    assert made.replies[read].value is None


def test_a_long_journal_is_written_anew_and_says_the_same() -> None:
    made = bench()
    for number in range(1, 400):
        made.request("n1", write(number))
        made.settle()
    for name in NAMES:
        assert len(made.beds[name].durable["log"]) < 30_000
        made.crash(name)
        made.start(name)
    read = made.request("n2", READ)
    made.settle()
    assert (made.replies[read].value, made.replies[read].revision) == (399, 399)


def test_a_read_that_joins_a_round_is_not_answered_by_promises_that_are_older_than_it() -> None:
    made = bench()
    made.request("n1", READ)
    made.drop(lambda flight: flight.to == "n3")
    while not any(isinstance(flight.message, Promise) for flight in made.flights):
        waiting = [name for name in NAMES if made.beds[name].syncs]
        made.sync(waiting[0]) if waiting else made.deliver()
    late = [flight for flight in made.flights if isinstance(flight.message, Promise)]
    made.drop(lambda flight: True)
    written = made.request("n2", write(2, "t"))
    made.settle(("n2", "n3"))
    assert made.replies[written].revision == 1
    read = made.request("n1", Request("read", "x", None, "q", 1))
    made.flights += late
    made.settle()
    if read not in made.replies:
        made.fire("n1", "round 1")
        made.settle()
    assert made.replies[read].value == 2
