"""Claims: which promises of a target a run confirmed or refuted.

A claim that is a model of `lattice.py` is refuted if a model that it implies was refuted, and confirmed if a model that
implies it was found to hold. Other claims ("CP", "AP") are about availability, and no model speaks of them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from splitbrain.checkers.lattice import implies, lattice
from splitbrain.harness.verdict import Validity, Verdict

LINEARIZABLE = "linearizable"


class Standing(StrEnum):
    """The standing of a claim after a run."""

    CONFIRMED = "confirmed"
    """By this history: another one may refute it."""
    REFUTED = "refuted"
    OPEN = "not judged"


def models_claimed(claims: Iterable[str]) -> list[str]:
    """The claims that are consistency models, in order."""
    return [claim for claim in claims if claim in lattice().models]


def decided(verdict: Verdict) -> dict[str, Validity]:
    """The models of the lattice that the verdict of a checker of one model decides."""
    if "refuted" in verdict.details and "allowed" in verdict.details:
        refuted = dict.fromkeys(verdict.details.get("refuted", ()), Validity.INVALID)
        return refuted | dict.fromkeys(verdict.details.get("allowed", ()), Validity.VALID)
    name = LINEARIZABLE if verdict.checker == "linearizability" else verdict.checker
    return {name: verdict.value} if name in lattice().models else {}


def standings(claims: Iterable[str], found: Mapping[str, Validity]) -> dict[str, Standing]:
    """Standings of the claims, by what was found about models of the lattice."""
    return {claim: _standing(claim, found) for claim in claims}


def _standing(claim: str, found: Mapping[str, Validity]) -> Standing:
    if claim not in lattice().models:
        return Standing.OPEN
    if any(value is Validity.INVALID and implies(claim, model) for model, value in found.items()):
        return Standing.REFUTED
    if any(value is Validity.VALID and implies(model, claim) for model, value in found.items()):
        return Standing.CONFIRMED
    return Standing.OPEN
