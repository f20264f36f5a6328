"""Isolation levels compared with exhaustive search on random tiny histories, and under renaming."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.transactions.check import ASKED, TransactionCheck
from splitbrain.checkers.transactions.conditions import JUDGED
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

from .exhaustive import Small, by_execution, by_orders, transactions_of
from .small import Maker

WORKLOADS = ("list-append", "rw-register")
ORDERS_MAX = 100
"""Orders of versions beyond which a history is left out, as all would have to be tried."""
DIRTY = {"G1a", "G1b", "dirty-update", "incompatible-order", "scrambled-appends", "future-read"}
LOOSE = {"read-uncommitted", "strong-session-read-uncommitted", "strong-read-uncommitted"}
WITHOUT_INT = LOOSE | {
    "read-committed", "strong-session-read-committed", "strong-read-committed", "read-committed-axiom",
    "cursor-stability", "consistent-view", "repeatable-read",
}  # fmt: skip


def expected(events: list[Event], lists: bool) -> tuple[set[str], Small]:
    """The models allowed, by search over orders of versions and by the direct anomalies."""
    small = Small(transactions_of(events, lists), lists)
    allowed = by_orders(small) if small.txns else set(JUDGED)
    found = small.anomalies
    if found & {"internal", "future-read"}:
        allowed &= WITHOUT_INT
    if small.blind_to_own:
        allowed.discard("read-committed-axiom")
    if found & DIRTY:
        allowed &= LOOSE
    if found & {"unwritten-read", "duplicate-elements"}:
        allowed = set()
    return allowed, small


def closed(allowed: set[str]) -> set[str]:
    """The models of which all that they imply is allowed too."""
    from splitbrain.checkers.lattice import weaker

    return {model for model in allowed if weaker(model) & set(JUDGED) <= allowed}


def check_alone(workload: str, level: str, events: list[Event], found: Mapping[str, Any]) -> None:
    """Check that a level by itself is judged as among all, and that nothing else is then said to be allowed."""
    alone = TransactionCheck(workload, level, levels=ASKED).check(History.of(events), Budget()).details
    for field in ("allowed", "refuted"):
        assert (level in alone[field]) == (level in found[field]), (level, field, events)
    assert set(alone["allowed"]) <= set(found["allowed"])
    if level in alone["refuted"]:
        for field in ("allowed", "refuted", "anomalies"):
            assert alone[field] == found[field], (level, field, events)


def compare(workload: str, seed: int, count: int, execute_every: int) -> None:
    """Compare so many histories, of which each level is refuted by at least a tenth."""
    lists, refuted = workload == "list-append", Counter[str]()
    number = compared = 0
    while compared < count:
        number += 1
        random = Random(f"{workload} {seed} {number}")
        events = Maker(random, lists, worse=True).history()
        if Small(transactions_of(events, lists), lists).order_count() > ORDERS_MAX:
            continue
        compared += 1
        found = TransactionCheck(workload).check(History.of(events), Budget()).details
        allowed, small = expected(events, lists)
        mine = {model for model in found["allowed"] if model in JUDGED}
        assert mine == closed(allowed), (number, events)
        assert found["undecided"] == {}
        check_alone(workload, random.choice(JUDGED), events, found)
        direct = [name for name in found["anomalies"] if name in found["counts"]]
        assert direct == sorted(small.anomalies), (number, events)
        if number % execute_every == 0:
            txns = transactions_of(events, lists)
            done = by_execution(txns, lists)
            assert done == {
                model
                for model in mine
                if model in done
                or "serializable" in model
                or (model.endswith("snapshot-isolation") and "parallel" not in model)
            }, (number, events)
        refuted.update(list(found["refuted"]))
    fewest = min(JUDGED, key=lambda model: refuted[model])
    shares = f"{refuted['strict-serializable']} refute strict-serializable, {refuted[fewest]} {fewest}, no level fewer"
    print(f"{workload}: {compared} histories compared, {shares}")
    assert 10 * refuted[fewest] >= count, fewest


@pytest.mark.parametrize("workload", WORKLOADS)
def test_levels_are_those_of_exhaustive_search(workload: str) -> None:
    compare(workload, 1, 300, 10)


def test_a_level_by_itself_that_is_refuted_names_the_same_anomalies() -> None:
    """Anomalies with and without the question of one level before: a cycle of a session was told as of real time."""
    for number in (7, 217):
        events = Maker(Random(f"list-append 2 {number}"), lists=True, worse=True).history()
        found = TransactionCheck("list-append").check(History.of(events), Budget()).details
        for level in JUDGED:
            check_alone("list-append", level, events, found)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_levels_are_those_of_exhaustive_search_at_length(workload: str) -> None:
    compare(workload, 2, 100_000, 10)


def renamed(event: Event) -> Event:
    """Keys, values and processes under other names; the order of values is kept."""
    value = tuple(
        (f, f"key {k}", None if v is None else tuple(f"v{x}" for x in v) if isinstance(v, tuple | list) else f"v{v}")
        for f, k, v in event.value
    )
    return Event(index=event.index, time=7 * event.time, process=900 - int(event.process), type=event.type, f="txn",
                 value=value)  # fmt: skip


@pytest.mark.parametrize("workload", WORKLOADS)
def test_names_mean_nothing(workload: str) -> None:
    for number in range(60):
        events = Maker(Random(f"names {number}"), workload == "list-append").history()
        one = TransactionCheck(workload).check(History.of(events), Budget()).details
        other = TransactionCheck(workload).check(History.of([renamed(event) for event in events]), Budget()).details
        for field in ("anomalies", "allowed", "undecided", "not_judged", "weakest_refuted"):
            assert one[field] == other[field], (number, field)
