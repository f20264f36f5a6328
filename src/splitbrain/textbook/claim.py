"""Claims of textbooks as data, and what one measurement of a claim is."""

import functools
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files

import msgspec


class ClaimFinding(StrEnum):
    """The outcome of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DEPENDS = "depends on"
    """True in some configurations or conditions, and not in others."""
    UNSETTLED = "unsettled"
    """Seeds that do not agree, or say nothing."""


class BookClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim. claim: in our own words. source: where books have it from, or the clearest place that says it.
    finding: what is on record. why: what was found, in a sentence or two. run: a command that shows it."""

    name: str
    topic: str
    claim: str
    source: str
    finding: ClaimFinding
    why: str
    run: str


@dataclass(frozen=True)
class ClaimSample:
    """Measures of one seed. shares: of independent trials, name → (part, whole). amounts: name, with its unit, → all
    that was measured."""

    finding: ClaimFinding
    shares: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    amounts: Mapping[str, Sequence[float]] = field(default_factory=dict)


Measurement = Callable[[int], ClaimSample]
"""Measure a claim with a seed."""


@functools.cache
def claims() -> Sequence[BookClaim]:
    """All claims, in the order of the file."""
    found = tomllib.loads(files(__package__).joinpath("claims.toml").read_text(encoding="utf-8"))
    return msgspec.convert(found["claim"], list[BookClaim])


def found_if(*, confirmed: bool, refuted: bool) -> ClaimFinding:
    """Confirmed, refuted, or unsettled where neither or both was seen."""
    if confirmed == refuted:
        return ClaimFinding.UNSETTLED
    return ClaimFinding.CONFIRMED if confirmed else ClaimFinding.REFUTED
