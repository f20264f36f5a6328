"""Spectrum of sets, lists and counters: what is judged, and what is not."""

from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
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
    assert "not judged, as what reads of a set return does not show them: " in found.reason


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
