"""Replay of orders for levels below snapshot isolation: what some order shows is what is allowed, and nothing else."""

from collections import Counter
from itertools import permutations
from random import Random

import pytest

from splitbrain.checkers.lattice import implies
from splitbrain.checkers.transactions.analysis import EXECUTED
from splitbrain.checkers.transactions.certificate import disorder, positions
from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.version_replay import RULES, Sees, bits, replay_objection
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History

from .exhaustive import Small, transactions_of
from .small import Maker
from .test_known_answers import DATA, ROWS

MEMBERS_MAX = 5


def shows(history: History, order: list[int], model: str, lists: bool) -> bool:
    """Whether an order shows a level; of prefix consistency with any begins."""
    rule = RULES[model]
    if rule.sees is Sees.EARLIER and "prefix" in model:
        begins = [0] * len(order)  # each as early as it can be, one after the other
        while (wrong := replay_objection(history, order, rule, lists=lists, begins=begins)) is not None:
            at = order.index(int(wrong.split()[1]))
            if begins[at] == at:
                return False
            begins[at] += 1
        return True
    if replay_objection(history, order, rule, lists=lists) is not None:
        return False
    places = positions(order, len(history.operations()))
    return model != "strong-read-committed" or disorder(history, places, places, realtime=True) is None


def compare(lists: bool, seed: int, count: int) -> Counter[str]:
    told: Counter[str] = Counter()
    workload = "list-append" if lists else "rw-register"
    number = 0
    while told["compared"] < count:
        number += 1
        events: list[Event] = Maker(Random(f"replay {lists} {seed} {number}"), lists, worse=True).history()
        small = Small(transactions_of(events, lists), lists)
        if len(small.txns) > MEMBERS_MAX:
            continue
        told["compared"] += 1
        history = History.of(events)
        details = TransactionCheck(workload).check(history, Budget()).details
        rows = {invoke: row for row, invoke in enumerate(history.operations().invoke)}
        members = [rows[txn.begin] for txn in small.txns if txn.status != "fail"]
        for model in RULES:
            found = any(shows(history, [*order], model, lists) for order in permutations(members))
            assert found == (model in details["allowed"]), (number, model, events)
            told[model] += not found
    print(workload, dict(told))
    return told


@pytest.mark.parametrize("lists", [True, False])
def test_level_is_allowed_if_some_order_shows_it(lists: bool) -> None:
    told = compare(lists, 1, 60)
    assert all(told[model] for model in RULES)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lists", [True, False])
def test_level_is_allowed_if_some_order_shows_it_at_length(lists: bool) -> None:
    compare(lists, 2, 2_000)


@pytest.mark.parametrize("row", ROWS[::3], ids=[row["file"].partition(".")[0] for row in ROWS[::3]])
def test_strongest_levels_of_known_answers_are_shown(row: dict[str, str]) -> None:
    history = read(DATA / row["file"])
    details = TransactionCheck(row["workload"]).check(history, Budget()).details
    for model in details["allowed"]:
        if model in RULES or model in EXECUTED:
            assert any(implies(shown, model) for shown in details["shown"]), model


def test_parallel_snapshot_isolation_is_shown_where_sessions_refute_what_is_above() -> None:
    def txn(index: int, process: int, kind: str, *steps: tuple[str, int, int | None]) -> Event:
        return Event(index=index, time=index, process=process, type=kind, f="txn", value=steps)

    events = [  # process 1 does not see what it wrote before, and reads newer what process 0 read older
        txn(0, 1, "invoke", ("w", 1, 1), ("r", 0, None)), txn(1, 1, "ok", ("w", 1, 1), ("r", 0, None)),
        txn(2, 1, "invoke", ("r", 1, None), ("r", 0, None)), txn(3, 0, "invoke", ("r", 1, None), ("r", 0, None)),
        txn(4, 0, "ok", ("r", 1, 1), ("r", 0, None)), txn(5, 2, "invoke", ("w", 0, 1)),
        txn(6, 1, "ok", ("r", 1, None), ("r", 0, 1)), txn(7, 2, "ok", ("w", 0, 1)),
    ]  # fmt: skip
    details = TransactionCheck("rw-register").check(History.of(events), Budget()).details
    assert details["undecided"] == {}
    assert details["shown"]["parallel-snapshot-isolation"] == "an order of versions"


def test_causal_consistency_without_sessions_is_not_undecided_for_want_of_an_order() -> None:
    steps: list[tuple[int, str, tuple[tuple[str, int, int | None], ...]]] = [
        (2, "invoke", (("r", 0, None),)),
        (0, "invoke", (("r", 0, None), ("w", 1, 3), ("w", 2, 4))),
        (1, "invoke", (("r", 1, None), ("w", 2, 6), ("w", 0, 7))),
        (0, "ok", (("r", 0, None), ("w", 1, 3), ("w", 2, 4))),
        (0, "invoke", (("r", 0, None), ("r", 1, None))),
        (2, "ok", (("r", 0, None),)),
        (2, "invoke", (("r", 0, None),)),
        (1, "ok", (("r", 1, 3), ("w", 2, 6), ("w", 0, 7))),
        (2, "ok", (("r", 0, 7),)),
        (2, "invoke", (("w", 1, 11), ("w", 2, 12), ("w", 0, 13))),
        (1, "invoke", (("r", 2, None), ("r", 1, None), ("r", 0, None))),
        (0, "ok", (("r", 0, 7), ("r", 1, 3))),
        (2, "ok", (("w", 1, 11), ("w", 2, 12), ("w", 0, 13))),
        (1, "ok", (("r", 2, 6), ("r", 1, 11), ("r", 0, 7))),
    ]
    events = [
        Event(index=at, time=at, process=process, type=kind, f="txn", value=value)
        for at, (process, kind, value) in enumerate(steps)
    ]
    details = TransactionCheck("rw-register").check(History.of(events), Budget()).details
    assert details["undecided"] == {}
    assert "causal-plain" in details["strongest"]


def test_reason_says_what_shows_the_level() -> None:
    history = read(DATA / "cerone-long-fork.jsonl")
    reasons = {
        level: TransactionCheck("rw-register", level).check(history, Budget()).reason.partition("\n")[0]
        for level in ("causal", "parallel-snapshot-isolation")
    }
    assert reasons["causal"].endswith("transactions are causal, shown by an order of versions")
    assert [*bits(0b1010)] == [1, 3]
