"""Standings of a target's claims: what was found about models, read along the lattice."""

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.claims import (
    PROPERTIES,
    Standing,
    checker_of,
    decided,
    models_claimed,
    properties_claimed,
    standings,
)
from splitbrain.harness.options import settle
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


def test_properties_are_decided_by_checkers_of_their_own() -> None:
    assert decided(Verdict(INVALID, "two at a time", "lock", "lock")) == {"mutual-exclusion": INVALID}
    assert properties_claimed(["mutual-exclusion", "CP", "linearizable"]) == ["mutual-exclusion"]
    found = {"mutual-exclusion": INVALID, "fencing": VALID, "linearizable": VALID}
    assert standings(["mutual-exclusion", "fencing", "ordered-log"], found) == {
        "mutual-exclusion": Standing.REFUTED,
        "fencing": Standing.CONFIRMED,
        "ordered-log": Standing.OPEN,
    }


@pytest.mark.parametrize("claim", PROPERTIES)
def test_each_property_has_a_checker_that_decides_it(claim: str) -> None:
    name, _, options = PROPERTIES[claim].partition(":")
    given = dict(word.split("=") for word in options.split(",") if word)
    assert CATALOGUE[name].make(settle(CATALOGUE[name].options, given, name)).name == checker_of(claim)
