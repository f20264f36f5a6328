"""Spectrum of sets, lists and counters: what is judged, and what is not."""

from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.checkers.spectrum import part
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict


def spectrum(*rows: tuple[int, str, Any]) -> Verdict:
    """Rows: process, operation, value; one after the other."""
    events = [
        Event(index=0, time=0, process=p, type=kind, f=f, value=None if f == "read" and kind == "invoke" else value)
        for p, f, value in rows
        for kind in ("invoke", "ok")
    ]
    return entry("spectrum").make({"settle": 0}).check(History.of(events), Budget())


def test_a_set_is_held_to_sessions_causality_and_linearizability() -> None:
    found = spectrum((0, "add", 1), (1, "read", (1,)), (1, "add", 2), (2, "read", (2,)), (2, "read", (1, 2)))
    details = found.details
    assert found.value.value == "invalid"
    assert details["weakest_refuted"] == ["per-key-sequential", "writes-follow-reads"]
    assert details["strongest"] == ["pram"]
    assert {"linearizable", "sequential", "causal-consistency"} <= details["refuted"].keys()
    assert details["anomalies"] == ["WriteCOInitRead"]
    assert {"regular", "safe", "k-atomicity", "delta-atomicity"} <= set(details["not_judged"])
    said = "not judged, as what reads of a set return does not show them: regular, safe, k-atomicity, delta-atomicity"
    assert said in found.reason.splitlines() and "convergence" in details["not_judged"]


def test_a_linearizable_set_is_all_that_is_weaker_but_models_of_registers() -> None:
    details = spectrum((0, "add", 1), (1, "read", (1,)), (1, "add", 2), (2, "read", (1, 2))).details
    assert details["strongest"] == ["linearizable"]
    assert details["not_judged"] == ["regular", "safe", "k-atomicity", "delta-atomicity"]


def test_lists_and_counters_are_held_to_linearizability_and_convergence() -> None:
    stale = spectrum((0, "append", 1), (0, "append", 2), (1, "read", (1,)), (1, "read", (1, 2)), (2, "read", (1, 2)))
    assert list(stale.details["refuted"]) == ["linearizable"]
    assert stale.details["strongest"] == ["strong-convergence"]
    assert "sequential" in stale.details["not_judged"]
    lost = spectrum((0, "increment", 1), (1, "increment", 1), (2, "read", 1), (3, "read", 1))
    assert set(lost.details["refuted"]) == {"linearizable", "strong-convergence", "convergence"}


def test_a_counter_that_was_never_incremented_may_be_nil() -> None:
    found = spectrum((0, "read", None), (0, "increment", 2), (1, "read", 2), (2, "read", 2))
    assert found.value.value == "valid" and found.details["refuted"] == {}
    stale = spectrum((0, "increment", 2), (1, "read", None), (1, "read", 2), (2, "read", 2))
    assert list(stale.details["refuted"]) == ["linearizable"]


@pytest.mark.parametrize("read", [(), None])
def test_reads_of_nothing_but_empty_sets_refute_nothing(read: Any) -> None:
    assert spectrum((0, "read", read), (1, "read", ())).value.value == "valid"


def test_a_set_from_which_clients_only_removed_is_a_set() -> None:
    assert spectrum((0, "remove", 1), (1, "read", ())).value.value == "valid"
    assert spectrum((0, "remove", 1), (1, "read", (1,))).value.value == "invalid"


def test_models_share_the_budget_and_searches_the_configurations() -> None:
    shared = Budget(seconds=1_000.0, configurations=100).start()
    shared.configurations = 40
    first = part(shared, ["linearizable", "causal-memory", "k-atomicity", "sequential"])
    assert 240 < first.budget.seconds <= 250 and first.budget.configurations == 20
    last = part(shared, ["sequential"])
    assert 990 < last.budget.seconds <= 1_000 and last.budget.configurations == 60
    assert part(shared, ["causal-memory", "sequential"]).budget.configurations == 100


def test_what_no_configurations_are_left_for_is_undecided_with_the_reason() -> None:
    writes = [(process, kind, "write", process) for kind in ("invoke", "ok") for process in (1, 2, 3, 4)]
    reads = [
        (5 + (value > 2), kind, "read", value if kind == "ok" else None)
        for value in (1, 2, 3, 4)
        for kind in ("invoke", "ok")
    ]
    events = [
        Event(index=0, time=0, process=process, type=kind, f=f, key="x", value=value)
        for process, kind, f, value in (*writes, *reads)
    ]
    found = entry("spectrum").make().check(History.of(events), Budget(configurations=2))
    assert found.value.value == "unknown" and found.reason.startswith(found.details["undecided"]["linearizable"])
    assert "configurations was spent" in found.details["undecided"]["linearizable"]
    assert "regular" in found.details["allowed"]


def test_no_register_begins_as_a_list() -> None:
    with pytest.raises(UsageError, match="option initial is a number"):
        entry("spectrum").make({"initial": "[1]"}).check(History.of([]), Budget())
