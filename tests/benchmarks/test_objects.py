"""Histories of a thousand operations on objects other than registers, which benchmarks compare: each is decided, or
why such are hard is said."""

import pytest
from objects import ObjectShape, history

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.budget import Budget

COUNTED = Budget(seconds=600, configurations=500_000)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_stores_with_exact_revisions_are_decided_though_writes_crashed(wrong: bool, seed: int) -> None:
    model = MODELS["versioned-kv"].make({"exact": "true"})
    found = history("versioned-kv", ObjectShape(1_000, 30, 0.03, wrong, seed))
    verdict = porcupine.check(model, found, COUNTED, explain=False)
    assert verdict.value.value == ("invalid" if wrong else "valid")


@pytest.mark.parametrize(
    ("model", "wrong", "why"),
    [
        ("lin-counter", False, "adds open at once make up a sum"),
        ("lin-set", True, "reads of the whole that are open at once"),
        ("multi-register", False, "the order of writes that were open at once"),
    ],
)
def test_what_stays_undecided_says_why_it_is_hard(
    model: str, wrong: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for monitor in ("counter_reads", "whole_reads"):
        monkeypatch.setattr(f"splitbrain.checkers.porcupine.monitors.{monitor}.CONFIGURATIONS_MAX", 100)
    found = history(model, ObjectShape(1_000, 30, 0.03, wrong))
    verdict = porcupine.check(MODELS[model].make(), found, Budget(seconds=600, configurations=1_000))
    assert verdict.value.value == "unknown"
    assert why in verdict.reason
