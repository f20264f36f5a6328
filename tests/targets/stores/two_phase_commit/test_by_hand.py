"""two-phase-commit on the workbench: how it blocks, and who remembers what over a restart."""

from functools import partial

import pytest

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.two_phase_commit import CommitNode
from splitbrain.targets.stores.two_phase_commit.context import CommitSettings, Isolation
from splitbrain.targets.stores.two_phase_commit.messages import PrepareShard, ShardDecision, ShardVote, StepAsk
from splitbrain.targets.stores.two_phase_commit.shard import KEPT, Shard, ShardVersion, owner

from ..bench import StoreBench

NAMES = ("n1", "n2", "n3")
KEYS = {owner(f"k{number}", NAMES): f"k{number}" for number in range(20)}
"""A key of each node."""


def bench(isolation: Isolation) -> StoreBench:
    made = StoreBench(partial(CommitNode, settings=CommitSettings(isolation=isolation)), NAMES)
    made.settle()
    return made


def txn(number: int, *steps: tuple) -> Request:
    return Request("txn", None, list(steps), "s", number)


def writes(number: int, *nodes: str) -> Request:
    """A transaction that writes a key of each of these nodes."""
    return txn(number, *(("w", KEYS[node], number) for node in nodes))


@pytest.mark.parametrize("isolation", Isolation)
def test_a_transaction_reads_what_it_and_others_wrote(isolation: Isolation) -> None:
    made = bench(isolation)
    first = made.request("n1", txn(1, ("append", KEYS["n2"], 1), ("r", KEYS["n2"], None), ("w", KEYS["n3"], 7)))
    made.settle()
    assert made.replies[first].value == [["append", KEYS["n2"], 1], ["r", KEYS["n2"], [1]], ["w", KEYS["n3"], 7]]
    second = made.request("n3", txn(2, ("r", KEYS["n2"], None), ("r", KEYS["n3"], None)))
    made.settle()
    assert [step[2] for step in made.replies[second].value] == [[1], 7]


def tick(made: StoreBench, times: int = 6) -> None:
    """Let all timers fire, and what follows happen."""
    for _ in range(times):
        for name in made.up():
            made.fire(name, "tick")
        made.settle()


@pytest.mark.parametrize("isolation", Isolation)
def test_a_participant_that_has_voted_waits_for_its_coordinator(isolation: Isolation) -> None:
    made = bench(isolation)
    lost = made.request("n2", writes(1, "n1", "n3"))
    made.settle(without=(ShardVote,))
    made.crash("n2")
    tick(made, 30)
    assert [len(made.program(name).participant.visits) for name in ("n1", "n3")] == [1, 1]
    blocked = made.request("n3", writes(2, "n1"))
    tick(made, 30)
    assert made.replies[blocked].error in ("unavailable", "conflict")
    made.start("n2")
    tick(made)
    assert lost not in made.replies
    assert [made.program(name).participant.visits for name in ("n1", "n3")] == [{}, {}]
    account = made.program("n1").account()
    assert account["in_doubt"]["transactions"] == 1 and account["in_doubt"]["longest_ms"] > 3000
    again = made.request("n3", txn(3, ("w", KEYS["n1"], 3), ("r", KEYS["n3"], None)))
    tick(made)
    assert made.replies[again].value == [["w", KEYS["n1"], 3], ["r", KEYS["n3"], None]]


@pytest.mark.parametrize("isolation", Isolation)
def test_a_decision_outlives_its_coordinator_and_a_vote_its_participant(isolation: Isolation) -> None:
    made = bench(isolation)
    handle = made.request("n2", writes(1, "n1", "n3"))
    made.settle(without=(ShardDecision,))
    assert made.replies[handle].error is None
    for name in NAMES:
        made.crash(name)
    for name in NAMES:
        made.start(name)
    made.settle()
    tick(made)
    assert [list(made.program(name).participant.requests) for name in ("n1", "n3")] == [["n2.1.1"], ["n2.1.1"]]
    read = made.request("n1", txn(2, ("r", KEYS["n1"], None), ("r", KEYS["n3"], None)))
    tick(made)
    assert [step[2] for step in made.replies[read].value] == [1, 1]


def test_locks_that_were_lost_do_not_protect() -> None:
    """A participant restarts between the last step and the vote; late copies of the steps take the locks again."""
    made = bench(Isolation.TWO_PHASE_LOCKING)
    handle = made.request("n2", txn(1, ("r", KEYS["n1"], None), ("w", KEYS["n3"], 1)))
    copy = next(flight for flight in made.flights if isinstance(flight.message, StepAsk))
    made.settle(without=(PrepareShard,))
    made.crash("n1")
    made.start("n1")
    made.settle()
    made.flights.append(copy)
    tick(made, 2)
    assert made.replies[handle].error == "conflict"


def test_a_snapshot_waits_for_what_may_be_older_than_it() -> None:
    made = bench(Isolation.SNAPSHOT)
    made.request("n2", writes(1, "n1", "n3"))
    made.settle(without=(ShardDecision,))
    read = made.request("n3", txn(2, ("r", KEYS["n3"], None), ("r", KEYS["n1"], None)))
    made.settle(without=(ShardDecision,))
    assert read not in made.replies
    tick(made)
    assert [step[2] for step in made.replies[read].value] == [1, 1]


def test_of_two_that_write_the_same_the_first_committer_wins() -> None:
    made = bench(Isolation.SNAPSHOT)
    first, second = (
        made.request(node, txn(number, ("r", KEYS["n3"], None), ("append", KEYS["n3"], number)))
        for number, node in enumerate(("n1", "n2"), 1)
    )
    made.settle()
    assert sorted(made.replies[handle].error or "" for handle in (first, second)) == ["", "conflict"]


def test_timestamps_grow_over_restarts() -> None:
    made = bench(Isolation.SNAPSHOT)
    made.request("n1", writes(1, "n2"))
    made.settle()
    before = made.program("n1").oracle.last
    made.crash("n1")
    made.start("n1")
    made.settle()
    made.request("n1", writes(2, "n2"))
    made.settle()
    assert made.program("n1").oracle.last > before
    assert len(made.program("n2").participant.requests) == 2


def test_an_append_to_what_is_no_list_is_refused() -> None:
    made = bench(Isolation.SNAPSHOT)
    made.request("n1", writes(1, "n2"))
    made.settle()
    handle = made.request("n1", txn(2, ("append", KEYS["n2"], 2)))
    made.settle()
    assert made.replies[handle].error == "conflict" and "no list" in made.replies[handle].text


@pytest.mark.parametrize(
    ("f", "value"), [("txn", 5), ("txn", [["x", 1, 2]]), ("transfer", 5), ("insert", [1, 2]), ("explode", None)]
)
def test_nonsense_is_refused(f: str, value: object) -> None:
    made = bench(Isolation.SSI)
    handle = made.request("n1", Request(f, "x", value, "s", 1))
    made.settle()
    assert made.replies[handle].error == "unsupported"
    assert made.program("n1").coordinator.under_way == {}


def test_money_moves_and_rows_are_inserted_once() -> None:
    made = bench(Isolation.SSI)
    answers = []
    for number, (f, key, value) in enumerate(
        [
            ("transfer", None, {"from": "a", "to": "b", "amount": 30}),
            ("transfer", None, {"from": "a", "to": "b", "amount": 80}),
            ("read", None, ["a", "b"]),
            ("insert", 1, [7, None]),
            ("insert", 1, [None, 8]),
        ]
    ):
        handle = made.request("n2", Request(f, key, value, "s", number))
        tick(made, 1)
        answers.append(made.replies[handle])
    assert [answer.error for answer in answers] == [None, "precondition", None, None, "precondition"]
    assert answers[2].value == {"a": 70, "b": 130}


def test_a_snapshot_that_is_too_old_is_not_kept() -> None:
    shard = Shard()
    assert shard.at("x", 5) == ShardVersion(0, None)
    for stamp in range(1, KEPT + 2):
        shard.add("x", ShardVersion(stamp, stamp))
    assert shard.at("x", 5) == ShardVersion(5, 5)
    assert shard.at("x", 1) is None
    assert shard.latest("x").value == KEPT + 1
