"""Claims: which promises of a target a run confirmed or refuted.

A claim that is a model of `lattice.py` is refuted if a model that it implies was refuted, and confirmed if a model that
implies it was found to hold. Other claims ("CP", "AP") are about availability, and no model speaks of them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from splitbrain.checkers.lattice import implies, lattice
from splitbrain.harness.verdict import Validity, Verdict

LINEARIZABLE = "linearizable"

PROPERTIES: Mapping[str, str] = {
    "mutual-exclusion": "lock:held-on=off",
    "fencing": "fencing",
    "ordered-log": "log",
    "compacted-log": "compacted-log",
    "at-least-once": "total-queue",
    "at-most-once": "queue",
    "consumed-at-least-once": "consumed-at-least-once",
    "consumed-at-most-once": "consumed-at-most-once",
    "consumed-exactly-once": "consumed-exactly-once",
    "conserved": "conserved",
    "index-eventual": "index-eventual",
    "index-fresh": "index-fresh",
    "membership": "membership",
}
"""Claims about objects that no model of the lattice speaks of, and the checker that decides each, as `--model` takes it
for a run."""


class Standing(StrEnum):
    """The standing of a claim after a run."""

    CONFIRMED = "confirmed"
    """By this history: another one may refute it."""
    REFUTED = "refuted"
    OPEN = "not judged"


def models_claimed(claims: Iterable[str]) -> list[str]:
    """The claims that are consistency models, in order."""
    return [claim for claim in claims if claim in lattice().models]


def properties_claimed(claims: Iterable[str]) -> list[str]:
    """The claims that are properties, in order."""
    return [claim for claim in claims if claim in PROPERTIES]


def checker_of(claim: str) -> str:
    """The name of the checker that decides a property."""
    return PROPERTIES[claim].partition(":")[0]


def decided(verdict: Verdict) -> dict[str, Validity]:
    """The models of the lattice, or the property, that the verdict of a checker decides."""
    if "refuted" in verdict.details and "allowed" in verdict.details:
        refuted = dict.fromkeys(verdict.details.get("refuted", ()), Validity.INVALID)
        return refuted | dict.fromkeys(verdict.details.get("allowed", ()), Validity.VALID)
    name = LINEARIZABLE if verdict.checker == "linearizability" else verdict.checker
    found = {claim: verdict.value for claim in PROPERTIES if checker_of(claim) == name}
    return {name: verdict.value} if name in lattice().models else found


def standings(claims: Iterable[str], found: Mapping[str, Validity]) -> dict[str, Standing]:
    """Standings of the claims, by what was found about models of the lattice."""
    return {claim: _standing(claim, found) for claim in claims}


def _standing(claim: str, found: Mapping[str, Validity]) -> Standing:
    if claim in PROPERTIES:
        return {Validity.VALID: Standing.CONFIRMED, Validity.INVALID: Standing.REFUTED}.get(
            found.get(claim, Validity.UNKNOWN), Standing.OPEN
        )
    if claim not in lattice().models:
        return Standing.OPEN
    of_models = {model: value for model, value in found.items() if model not in PROPERTIES}
    if any(value is Validity.INVALID and implies(claim, model) for model, value in of_models.items()):
        return Standing.REFUTED
    if any(value is Validity.VALID and implies(model, claim) for model, value in of_models.items()):
        return Standing.CONFIRMED
    return Standing.OPEN
