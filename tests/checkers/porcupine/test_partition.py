"""Verdict of the whole for an object that is checked in parts: with a model that promises parts, and without."""

import os
import secrets
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import ILLEGAL, Call, Independence, Model, kernel
from splitbrain.checkers.porcupine.partition import partitioned
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .brute import linearizable
from .small import Family, history

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

QUICK, LONG = 4_000, 100_000


def step(state: tuple[tuple[str, int], ...], call: Call) -> Any:
    """Registers under keys, sorted; `both` writes two of them, `read` reads one."""
    values = dict(state)
    if call.f == "read":
        return state if values.get(call.key, 0) == call.result else ILLEGAL
    for key in ("a", "b") if call.f == "both" else (call.key,):
        values[key] = call.argument
    return tuple(sorted(values.items(), key=str))


def labels(call: Call) -> Sequence[Hashable]:
    return ("a", "b") if call.f == "both" else (call.key,)


SILENT = Model(
    name="registers", summary="", operations=("read", "write", "both"), initial=(), step=step,
    observes=frozenset({"read"}), pure=frozenset({"read"}), by_key=False,
)  # fmt: skip
PROMISING = replace(SILENT, independence=Independence(parts=labels, blind=frozenset({"write", "both"})))
APART = [("read", None)] * 3 + [("write", 1), ("write", 2), ("write", 3)]
FAMILY = Family(SILENT, APART, {"read": (0, 1, 2, 3)}, keys=("a", "b", "c"))
LINKED = replace(FAMILY, asked=[*APART, ("both", 1), ("both", 2)])


def compare(count: int) -> None:
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"SPLITBRAIN_TEST_SEED={seed}")
    random, words = Random(seed), Counter[str]()
    for _ in range(count):
        events = history(random.choice((FAMILY, LINKED)), random)
        expected = linearizable(SILENT, events)
        recorded = History.of(events)
        for model in (SILENT, PROMISING):
            verdict = porcupine.check(model, recorded, explain=False)
            shown = "\n".join(map(str, events)) + f"\n{verdict}"
            assert verdict.value is not (Validity.INVALID if expected else Validity.VALID), shown
            assert verdict.value is not Validity.UNKNOWN or "nothing could have refuted" in verdict.reason, shown
            if verdict.certificate is not None:
                assert porcupine.objection(model, recorded, verdict.certificate) is None, shown
        if not expected:
            words["invalid"] += 1
            witness = porcupine.check(PROMISING, recorded).witness
            assert witness is not None and not linearizable(SILENT, [recorded.event(at) for at in witness.events])
        words["parts" if in_parts(PROMISING, recorded) else "one part"] += 1
    print(f"{count} histories: {dict(words)}")
    assert min(words["parts"], words["one part"], words["invalid"]) > count // 10


def in_parts(model: Model, recorded: History) -> bool:
    return partitioned(model, recorded, Budget().start(), lambda: pytest.fail("not searched here")) is not None


def test_parts_are_judged_as_the_whole() -> None:
    compare(QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_parts_are_judged_as_the_whole_at_length() -> None:
    compare(LONG)


def told(*calls: tuple[str, str, Any]) -> History:
    """One after the other: key, what, value."""
    events = [
        Event(
            index=0, time=0, process=0, type=kind, f=f, key=key, value=None if kind == "invoke" and f == "read" else v
        )
        for key, f, v in calls
        for kind in ("invoke", "ok")
    ]
    return History.of(events)


def test_a_guess_that_is_wrong_decides_nothing() -> None:
    """A register that all keys share. One key alone is read but not written; or each alone is as it should be."""

    def shared(state: int, call: Call) -> Any:
        return call.argument if call.f == "write" else state if call.result == state else ILLEGAL

    model = replace(SILENT, initial=0, step=shared)
    assert porcupine.check(model, told(("a", "write", 1), ("b", "read", 1))).value is Validity.VALID
    wrong = told(("a", "write", 1), ("b", "write", 2), ("a", "read", 1))
    assert porcupine.check(model, wrong).value is Validity.INVALID


def test_of_many_parts_one_that_is_wrong_is_found() -> None:
    keys = [f"k{number}" for number in range(40)]
    good = [(key, f, 1) for key in keys for f in ("write", "read")]
    assert porcupine.check(PROMISING, told(*good)).details["configurations"] == 40
    verdict = porcupine.check(PROMISING, told(*good, ("k7", "read", 2)))
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None and len(verdict.witness.events) <= 4


def test_a_budget_that_is_spent_is_said() -> None:
    calls = [(key, "write", number) for number in range(3000) for key in ("a", "b")]
    verdict = porcupine.check(PROMISING, told(*calls, ("a", "read", 2999)), Budget(configurations=100))
    assert verdict.value is Validity.UNKNOWN
    assert "of 6,001 operations placed" in verdict.reason
