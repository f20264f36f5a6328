"""Standings of a target's claims: what was found about models, read along the lattice."""

import pytest

from splitbrain.checkers.claims import Standing, decided, models_claimed, standings
from splitbrain.harness.verdict import Validity, Verdict

VALID, INVALID, UNKNOWN = Validity.VALID, Validity.INVALID, Validity.UNKNOWN


@pytest.mark.parametrize(
    ("claim", "found", "standing"),
    [
        ("linearizable", {"linearizable": VALID}, Standing.CONFIRMED),
        ("linearizable", {"linearizable": INVALID}, Standing.REFUTED),
        ("linearizable", {"linearizable": UNKNOWN}, Standing.OPEN),
        ("linearizable", {"causal-consistency": INVALID}, Standing.REFUTED),
        ("linearizable", {"causal-consistency": VALID}, Standing.OPEN),
        ("read-your-writes", {"linearizable": VALID}, Standing.CONFIRMED),
        ("read-your-writes", {"linearizable": INVALID}, Standing.OPEN),
        ("monotonic-reads", {"causal-memory": VALID, "linearizable": INVALID}, Standing.CONFIRMED),
        ("causal-memory", {"pram": VALID, "causal-consistency": INVALID}, Standing.REFUTED),
        ("CP", {"linearizable": VALID}, Standing.OPEN),
        ("linearizable", {}, Standing.OPEN),
    ],
)
def test_a_claim_is_refuted_by_what_it_implies_and_confirmed_by_what_implies_it(claim, found, standing):
    assert standings([claim], found) == {claim: standing}


def test_verdicts_name_the_models_that_they_decide():
    linear = Verdict(INVALID, "stale", "linearizability", "register")
    assert decided(linear) == {"linearizable": INVALID}
    assert decided(Verdict(VALID, "fine", "pram", "pram")) == {"pram": VALID}
    assert decided(Verdict(INVALID, "lost", "set")) == {}
    details = {"refuted": {"sequential": {}}, "allowed": ["causal-memory"]}
    whole = Verdict(UNKNOWN, "no time", "spectrum", "spectrum", details=details)
    assert decided(whole) == {"sequential": INVALID, "causal-memory": VALID}


def test_claims_about_availability_are_no_models():
    assert models_claimed(["linearizable", "CP", "read-your-writes"]) == ["linearizable", "read-your-writes"]
