"""Histories whose dependencies are as many as readers times writers, and the memory that they may take."""

import pytest

from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

COUNT = 300
SMALL = Budget(bytes=1 << 20)


def crowd(workload: str, *, together: bool) -> History:
    """All transactions at once: some read nothing of a key, some write it. together: each does both."""
    word, nothing = ("append", ()) if workload == "list-append" else ("w", None)
    rows = []
    for number in range(COUNT):
        read, write = ("r", "x", nothing), (word, "x", number)
        rows += [[read, write]] if together else [[read], [write]]
    events = []
    for kind in ("invoke", "ok"):
        for process, done in enumerate(rows):
            value = [(f, key, None if f == "r" and kind == "invoke" else seen) for f, key, seen in done]
            at = len(events)
            events.append(Event(index=at, time=at, process=process, type=kind, f="txn", value=value))
    return History.of(events)


@pytest.mark.parametrize("workload", ["list-append", "rw-register"])
def test_more_dependencies_than_memory_holds_leave_levels_undecided(workload: str) -> None:
    verdict = TransactionCheck(workload).check(crowd(workload, together=False), SMALL)
    assert verdict.value is Validity.UNKNOWN
    assert verdict.reason.startswith("undecided: 90,000 dependencies between readers")
    assert TransactionCheck(workload).check(crowd(workload, together=False), Budget()).value is Validity.VALID


@pytest.mark.parametrize("workload", ["list-append", "rw-register"])
def test_what_values_alone_refute_is_refuted_all_the_same(workload: str) -> None:
    verdict = TransactionCheck(workload).check(crowd(workload, together=True), SMALL)
    assert verdict.value is Validity.INVALID
    assert "lost-update" in verdict.reason and "still allowed: others are undecided" in verdict.reason
    assert verdict.witness is not None
    assert verdict.details["allowed"] == [] and "read-committed" in verdict.details["undecided"]


def test_an_assumption_on_keys_is_told_all_the_same() -> None:
    verdict = TransactionCheck("rw-register", assume="sequential-keys").check(
        crowd("rw-register", together=False), SMALL
    )
    assert verdict.value is Validity.UNKNOWN and "90,000 dependencies" in verdict.reason
    assert verdict.details["assumption"] == "sequential-keys"
