"""Histories of a thousand operations on objects other than registers, which benchmarks compare: each is decided, or
why such are hard is said."""

import pytest
from objects import FAMILIES, ObjectShape, history

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.checkers.porcupine.monitors.few_elements import few_elements
from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput
from splitbrain.checkers.porcupine.monitors.whole_reads import whole_reads
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.harness.budget import Budget

COUNTED = Budget(seconds=600, configurations=500_000)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_stores_with_exact_revisions_are_decided_though_writes_crashed(wrong: bool, seed: int) -> None:
    model = MODELS["versioned-kv"].make({"exact": "true"})
    found = history("versioned-kv", ObjectShape(1_000, 30, 0.03, wrong, seed))
    verdict = porcupine.check(model, found, COUNTED, explain=False)
    assert verdict.value.value == ("invalid" if wrong else "valid")


@pytest.mark.parametrize("model", sorted(FAMILIES))
def test_a_row_of_few_values_is_of_histories_with_no_others(model: str) -> None:
    few, once = (history(model, ObjectShape(300, 5, values=values)) for values in (5, 0))
    written = [
        [value for event in found if event.type == "invoke" and event.value is not None
         for value in (event.value.values() if isinstance(event.value, dict) else (event.value,))
         if event.f != "read"]
        for found in (few, once)
    ]  # fmt: skip
    assert len(set(written[0])) <= 10
    assert len(set(written[1])) > len(set(written[0])) or model == "lin-set"


@pytest.mark.parametrize(("clients", "crashed"), [(10, 0.0), (30, 0.03)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_old_answer_of_several_registers_is_refuted_and_shown_by_few_operations(
    clients: int, crashed: float, seed: int
) -> None:
    found = history("multi-register", ObjectShape(1_000, clients, crashed, True, seed))
    verdict = porcupine.check(MODELS["multi-register"].make(), found, COUNTED)
    assert verdict.value.value == "invalid"
    assert verdict.details["configurations"] < 1_000
    assert verdict.witness is not None
    assert len(verdict.witness.events) <= 12


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_an_old_answer_of_a_set_is_refuted_by_few_of_its_elements(seed: int) -> None:
    found = history("lin-set", ObjectShape(1_000, 30, 0.03, True, seed))
    budget = COUNTED.start()
    model = MODELS["lin-set"].make()
    prepared = prepare(model, found, budget)
    case = MonitorInput(model, prepared.problems[0], prepared, budget)
    assert whole_reads(case, each=2) is None
    refuted = few_elements(case)
    assert refuted is not None
    assert refuted.order is None


@pytest.mark.parametrize("clients", [5, 10])
def test_an_old_answer_of_a_set_is_shown_by_few_operations(clients: int) -> None:
    found = history("lin-set", ObjectShape(200, clients, 0.0, True, 3))
    verdict = porcupine.check(MODELS["lin-set"].make(), found, COUNTED)
    assert verdict.value.value == "invalid"
    assert verdict.witness is not None
    assert len(verdict.witness.events) <= 30


@pytest.mark.parametrize(
    ("model", "wrong", "why"),
    [
        ("lin-counter", False, "adds open at once make up a sum"),
        ("multi-register", False, "the order of writes that were open at once"),
    ],
)
def test_what_stays_undecided_says_why_it_is_hard(
    model: str, wrong: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitbrain.checkers.porcupine.monitors.counter_reads.CONFIGURATIONS_MAX", 100)
    found = history(model, ObjectShape(1_000, 30, 0.03, wrong))
    verdict = porcupine.check(MODELS[model].make(), found, Budget(seconds=600, configurations=1_000))
    assert verdict.value.value == "unknown"
    assert why in verdict.reason
