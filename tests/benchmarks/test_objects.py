"""Histories of a thousand operations on objects other than registers, which benchmarks compare: each is decided."""

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
