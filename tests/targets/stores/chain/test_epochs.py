"""chain on the workbench: who commits, who answers reads, and what an epoch changes; and its invariants."""

from functools import partial

import pytest

from splitbrain.harness.invariants import Invariant
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.chain import ChainNode
from splitbrain.targets.stores.chain.invariants import keeps_what_it_acknowledged, one_chain_an_epoch
from splitbrain.targets.stores.chain.messages import Beat, Link
from splitbrain.targets.stores.chain.settings import ChainSettings
from splitbrain.targets.stores.messages import Entry, Request

from ..bench import Flight, StoreBench

NAMES = ("n1", "n2", "n3")


def chain() -> StoreBench:
    """Three nodes that know their chain: n1 is its head, n3 its tail."""
    bench = StoreBench(partial(ChainNode, settings=ChainSettings()), NAMES)
    bench.settle()
    assert [bench.program(name).role.name for name in NAMES] == ["primary", "middle", "tail"]
    return bench


def write(value: int) -> Request:
    """A request to write it."""
    return Request("write", "x", value, "s", value)


def read(number: int) -> Request:
    """A read with a name of its own."""
    return Request("read", "x", None, "r", number)


def beat(bench: StoreBench, among: tuple[str, ...], times: int) -> None:
    """Let some nodes hear each other, and nobody else."""
    for _ in range(times):
        for name in among:
            bench.fire(name, "heartbeat")
        bench.settle(among)


def test_a_write_is_answered_once_the_tail_has_it_on_disk() -> None:
    bench = chain()
    handle = bench.request("n1", write(1))
    bench.settle(("n1", "n2"))
    assert handle not in bench.replies
    beat(bench, NAMES, 3)
    assert bench.replies[handle].revision == 1
    assert [bench.program(name).machine.read("x").value for name in NAMES] == [1, 1, 1]


def test_a_tail_that_is_cut_off_answers_no_read() -> None:
    bench = chain()
    handle = bench.request("n3", read(1))
    bench.settle(("n3",))
    assert handle not in bench.replies
    beat(bench, ("n1", "n2"), 9)
    assert bench.program("n2").members.tail == "n2"
    written = bench.request("n1", write(1))
    beat(bench, ("n1", "n2"), 3)
    assert bench.replies[written].revision == 1
    late = bench.request("n3", read(2))
    for timer in [name for name in bench.beds["n3"].timers if name.startswith("configuration")] * 5:
        if timer in bench.beds["n3"].timers:
            bench.fire("n3", timer)
            bench.settle(("n3",))
    assert late not in bench.replies or bench.replies[late].error is not None


def test_a_dead_head_is_replaced_and_joins_again_as_the_tail() -> None:
    bench = chain()
    bench.request("n1", write(1))
    beat(bench, NAMES, 2)
    bench.crash("n1")
    beat(bench, ("n2", "n3"), 12)
    assert bench.program("n2").members.chain == ("n2", "n3")
    handle = bench.request("n2", write(2))
    beat(bench, ("n2", "n3"), 2)
    assert bench.replies[handle].revision == 2
    bench.start("n1")
    beat(bench, NAMES, 8)
    assert bench.program("n2").members.chain == ("n2", "n3", "n1")
    answered = bench.request("n1", read(1))
    bench.settle()
    assert bench.replies[answered].value == 2


def test_nothing_is_taken_from_an_older_epoch_or_from_another_than_the_predecessor() -> None:
    bench = chain()
    n2 = bench.program("n2")
    n2._adopt(3, NAMES)
    entries = (Entry(0, write(1)),)
    for sender, epoch in (("n1", 2), ("n3", 3)):
        n2.on_message(bench._time(), sender, Link(epoch, 0, 0, 0, entries))
        assert n2.log.last == 0
    n2.on_message(bench._time(), "n1", Link(3, 0, 0, 0, entries))
    assert n2.log.last == 1


def test_a_tail_serves_once_it_has_all_that_the_head_had_when_the_epoch_began() -> None:
    bench = chain()
    n3 = bench.program("n3")
    n3._adopt(3, NAMES)
    n3.on_message(bench._time(), "n2", Link(3, 2, 0, 0, (Entry(0, write(1)),)))
    n3.on_durable(bench._time(), n3.log.journal._token)
    assert not n3._up_to_date(), "an entry is missing"
    n3.on_message(bench._time(), "n2", Link(3, 2, 1, 0, (Entry(0, write(2)),)))
    assert not n3._up_to_date(), "it is not on disk"
    n3.on_durable(bench._time(), n3.log.journal._token)
    assert n3._up_to_date()


def test_a_tail_that_starts_anew_goes_back_behind_nothing_that_it_acknowledged() -> None:
    bench = chain()
    beat(bench, NAMES, 1)
    old = next(flight for flight in _flights(bench, "n2") if isinstance(flight.message, Link))
    handle = bench.request("n1", write(1))
    beat(bench, NAMES, 3)
    assert bench.replies[handle].revision == 1
    bench.crash("n3")
    bench.start("n3")
    bench.settle(("n1", "n3"))
    n3 = bench.program("n3")
    assert n3.members.tail == "n3"
    n3.on_message(bench._time(), "n2", old.message)
    assert n3._up_to_date() and n3._committed() == 1


def _flights(bench: StoreBench, name: str) -> list[Flight]:
    """The messages that a node sends at its heartbeat."""
    bench.fire(name, "heartbeat")
    found = [flight for flight in bench.flights if flight.sender == name]
    bench.settle()
    return found


def test_a_node_that_starts_anew_hears_of_epochs_from_the_service_alone() -> None:
    bench = chain()
    bench.crash("n3")
    bench.start("n3")
    n3 = bench.program("n3")
    n3.on_message(bench._time(), "n2", Beat(0, NAMES))
    assert n3.members.chain == ()
    bench.settle()
    assert n3.members.chain == NAMES
    n3.on_message(bench._time(), "n2", Beat(7, ("n2", "n3")))
    assert n3.members.epoch == 7


def test_one_that_joined_last_chooses_no_head_before_it_has_caught_up() -> None:
    bench = chain()
    for epoch, members in ((1, ("n1", "n2")), (2, NAMES)):
        for name in NAMES:
            bench._carry_out(
                bench.beds[name], bench.program(name).on_message(bench._time(), "n1", Beat(epoch, members))
            )
            bench.drop(lambda flight: isinstance(flight.message, Link))
    bench.settle(without=(Link,))
    n2, n3 = bench.program("n2"), bench.program("n3")
    later = bench.now + 10**10
    for other in ("n1", "n2"):
        assert n3.members.silent(other, later)
    assert n3.members.wanted(later, None, complete=n3._complete()) is None
    assert n2.members.wanted(later, None, complete=n2._complete()) == ("n2",)
    bench.crash("n2")
    bench.start("n2")
    bench.settle(without=(Link,))
    bench.program("n2").on_message(bench._time(), "n3", Beat(2, NAMES))
    assert bench.program("n2")._complete(), "it was complete in this epoch before it started anew"
    beat(bench, NAMES, 2)
    assert n3._complete()
    assert n3.members.wanted(bench.now + 10**10, None, complete=n3._complete()) == ("n3",)


Told = tuple[str, str, tuple[object, ...]]
CHAIN = ("configuration", (1, ("n1", "n2")))


@pytest.mark.parametrize(
    ("invariant", "marks", "expected"),
    [
        (one_chain_an_epoch(), [("n1", *CHAIN), ("n2", *CHAIN)], 0),
        (one_chain_an_epoch(), [("n1", *CHAIN), ("n2", "configuration", (1, ("n2",)))], 1),
        (one_chain_an_epoch(), [("n1", *CHAIN), ("n2", "configuration", (2, ("n2",)))], 0),
        (keeps_what_it_acknowledged(), [("n1", "acknowledged", (3,)), ("n1", "recovered", (3,))], 0),
        (keeps_what_it_acknowledged(), [("n1", "acknowledged", (3,)), ("n1", "recovered", (2,))], 1),
        (keeps_what_it_acknowledged(), [("n1", "acknowledged", (3,)), ("n2", "recovered", (2,))], 0),
        (keeps_what_it_acknowledged(), [("n1", "acknowledged", (3,)), ("n1", *CHAIN), ("n1", "recovered", (2,))], 0),
    ],
)
def test_breaches_are_told(invariant: Invariant, marks: list[Told], expected: int) -> None:
    see = invariant.watch()
    events = [MarkEvent(node, time, name, values) for time, (node, name, values) in enumerate(marks)]
    assert sum(see(event) is not None for event in events) == expected
