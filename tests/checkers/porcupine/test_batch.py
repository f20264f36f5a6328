"""Verdicts of many histories checked at once, the same as of each by itself."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS, Call, kernel
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity

from .histories import recorded
from .small import FAMILIES, history


def test_values_and_verdicts_are_those_of_check() -> None:
    for name, family in FAMILIES.items():
        random = Random(name)
        histories = [History.of(history(family, random)) for _ in range(100)]
        verdicts = [porcupine.check(family.model, each, explain=False) for each in histories]
        assert porcupine.check_many(family.model, histories, explain=False) == verdicts
        assert porcupine.values_of(family.model, histories) == [verdict.value for verdict in verdicts]


def test_a_verdict_does_not_depend_on_what_was_checked_before() -> None:
    for name, family in FAMILIES.items():
        random = Random(f"{name} anew")
        histories = [History.of(history(family, random)) for _ in range(60)]
        used = [porcupine.check(family.model, each, explain=False) for each in histories]
        anew = [porcupine.check(replace(family.model), each, explain=False) for each in histories]
        assert used == anew
        assert used == [porcupine.check(family.model, each, explain=False) for each in histories]


def test_a_verdict_does_not_depend_on_how_many_calls_were_seen_before() -> None:
    model = replace(MODELS["lin-counter"].make(), monitors=())
    before = [f"0 {kind} add {number}" for number in range(63) for kind in ("invoke", "ok")]
    adds = [f"{process} {{}} add {number}" for process, number in enumerate((0, 64, 64, 64, 200))]
    open_at_once = recorded(
        *[add.format("invoke") for add in adds], "5 invoke read", "5 ok read 1", *[add.format("ok") for add in adds]
    )
    alone = porcupine.check(replace(model), open_at_once)
    assert alone.value is Validity.INVALID
    porcupine.check(model, recorded(*before, "0 invoke read", "0 ok read 1953"))
    assert porcupine.check(model, open_at_once) == alone


@pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")
def test_a_model_is_asked_once_for_all_histories() -> None:
    family, asked = FAMILIES["fifo-queue"], Counter[tuple[object, Call]]()

    def step(state: object, call: Call) -> object:
        asked[state, call] += 1
        return family.model.step(state, call)

    model = replace(family.model, step=step)
    random = Random(3)
    histories = [History.of(history(family, random)) for _ in range(200)]
    values = porcupine.values_of(model, histories)
    searched = asked.total()
    assert values == porcupine.values_of(model, histories)
    # What is left to `check` (nothing observed, or proofs of an order) asks afresh.
    assert asked.total() - searched < searched // 2


def test_none_is_none() -> None:
    assert porcupine.check_many(MODELS["register"].make(), []) == []
    assert porcupine.values_of(MODELS["register"].make(), []) == []
