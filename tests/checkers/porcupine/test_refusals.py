"""Failures that are observations: which ones, what they say, and that what one found refutes a history."""

from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.porcupine import MODELS, check, objection, refusals
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity


def history(error: Any, found: Any, written: int = 1) -> History:
    """A write, then a cas from 1 to 2 that failed like this."""
    steps = [
        ("write", "invoke", written, UNSET), ("write", "ok", written, UNSET), ("cas", "invoke", (1, 2), UNSET),
        ("cas", "fail", found, error), ("read", "invoke", None, UNSET), ("read", "ok", written, UNSET),
    ]  # fmt: skip
    return History.of(
        Event(index=at, time=at, process=0, type=kind, f=f, value=value, error=error)
        for at, (f, kind, value, error) in enumerate(steps)
    )


def judged(model: str, error: Any, found: Any = (1, 2), written: int = 1, precondition: str = "observe") -> Validity:
    recorded = history(error, found, written)
    made = MODELS[model].make({"precondition": precondition})
    verdict = check(made, recorded)
    if verdict.certificate is not None:
        assert objection(made, recorded, verdict.certificate) is None
    return verdict.value


ANSWERS = (
    ("precondition", "was 3"), ("precondition-failed", "no"), "precondition", "precondition-failed",
    "Precondition failed: no", "precondition_failed", None, False, UNSET,
)  # fmt: skip
OUTAGES = (("timeout", ""), "timeout", ("refused", ""), "precondition check timed out", 22, True, ())


@pytest.mark.parametrize("error", ANSWERS)
@pytest.mark.parametrize("model", ["cas-register", "versioned-register"])
def test_a_failure_that_names_the_precondition_or_nothing_is_an_answer(model: str, error: Any) -> None:
    assert judged(model, error) is Validity.INVALID
    assert judged(model, error, written=3) is Validity.VALID
    assert judged(model, error, precondition="drop") is Validity.VALID


@pytest.mark.parametrize("error", OUTAGES)
def test_any_other_failure_is_one_only_if_all_are(error: Any) -> None:
    assert judged("cas-register", error) is Validity.VALID
    assert judged("cas-register", error, precondition="all") is Validity.INVALID
    assert judged("cas-register", error, written=3, precondition="all") is Validity.VALID


@pytest.mark.parametrize("model", ["cas-register", "versioned-register"])
@pytest.mark.parametrize(("found", "expected"), [
    (3, Validity.VALID), (4, Validity.INVALID), (1, Validity.INVALID), ("3", Validity.INVALID),
    (None, Validity.VALID), (False, Validity.VALID), ((1, 2), Validity.VALID), ((7, 8), Validity.VALID),
    ("precondition failed", Validity.VALID),
])  # fmt: skip
def test_what_a_refused_cas_found_is_an_observation(model: str, found: Any, expected: Validity) -> None:
    assert judged(model, ("precondition", ""), found, written=3) is expected


def test_what_was_found_stands_in_the_witness() -> None:
    verdict = check(MODELS["cas-register"].make({"precondition": "observe"}), history(("precondition", ""), 4, 3))
    assert verdict.witness is not None
    assert "cas 1 → 2" in " ".join(verdict.witness.words)


def test_failures_are_counted() -> None:
    model = MODELS["cas-register"].make({"precondition": "observe"})
    assert refusals.counted(model, history("timeout", None)) == (0, 1)
    assert refusals.counted(model, history(None, None)) == (1, 1)
