"""Does the checker agree with the definition? Random small histories of every family, against trying every order."""

import os
import secrets
from random import Random

import pytest

from splitbrain.checkers import porcupine
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity

from .brute import linearizable, operations
from .small import FAMILIES, history

QUICK, LONG = 2_500, 100_000


def differential(name: str, count: int) -> None:
    """`count` histories of one family; the seed of a failure is printed, SPLITBRAIN_TEST_SEED repeats it."""
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"{name}: SPLITBRAIN_TEST_SEED={seed}")
    random, family = Random(f"{seed} {name}"), FAMILIES[name]
    model = family.model
    refuted = 0
    for _ in range(count):
        events = history(family, random)
        recorded = History.of(events)
        expected = linearizable(model, events)
        verdict = porcupine.check(model, recorded, explain=False)
        shown = "\n".join(map(str, events)) + f"\n{verdict}"
        if not expected:
            refuted += 1
            assert verdict.value is Validity.INVALID, shown
            continue
        ops = operations(model, events)
        if any(op.complete is not None and (op.call.f in model.observes) for op in ops):
            assert verdict.value is Validity.VALID, shown
            assert verdict.certificate is not None, shown
            assert porcupine.objection(model, recorded, verdict.certificate) is None, shown
        else:
            assert verdict.value is Validity.UNKNOWN, shown
    print(f"{name}: {count} histories, {refuted} not linearizable")
    assert refuted >= count // 10


@pytest.mark.parametrize("name", FAMILIES)
def test_agrees_with_trying_every_order(name: str) -> None:
    differential(name, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", FAMILIES)
def test_agrees_with_trying_every_order_at_length(name: str) -> None:
    differential(name, LONG)
