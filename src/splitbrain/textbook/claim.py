"""Claims of textbooks as data, and what one measurement of a claim is."""

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """Measures of one seed. shares: name → (part, whole). amounts: name, with its unit, → all that was measured.
    runs: of shares whose trials depend on one another within a run, (part, whole) of each run; trials of the other
    shares are independent."""

    finding: ClaimFinding
    shares: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    amounts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    runs: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    served: Mapping[str, bool] = field(default_factory=dict)
    """Shares that are told in nines of availability too: name → whether it is of what was served, or of the rest."""


Measurement = Callable[[int], ClaimSample]
"""Measure a claim with a seed."""


@functools.cache
def claims() -> Sequence[BookClaim]:
    """All claims, in the order of the file."""
    found = tomllib.loads(files(__package__).joinpath("claims.toml").read_text(encoding="utf-8"))
    return msgspec.convert(found["claim"], list[BookClaim])


class RunShares:
    """Shares whose trials depend on one another within a run. runs: name → (part, whole) of each run."""

    def __init__(self) -> None:
        self.runs: dict[str, list[tuple[int, int]]] = {}

    def add(self, name: str, counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
        """Take in the counts of runs; their sum."""
        self.runs.setdefault(name, []).extend(counts)
        return self.shares[name]

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """Name → (part, whole) over all runs."""
        return {
            name: (sum(part for part, _ in counts), sum(whole for _, whole in counts))
            for name, counts in self.runs.items()
        }

    def sample(
        self, finding: ClaimFinding, shares: Mapping[str, tuple[int, int]] | None = None,
        amounts: Mapping[str, Sequence[float]] | None = None,
    ) -> ClaimSample:  # fmt: skip
        """A sample of these, of shares of independent trials, and of amounts."""
        return ClaimSample(finding, self.shares | dict(shares or {}), amounts or {}, self.runs)


def found_if(*, confirmed: bool, refuted: bool) -> ClaimFinding:
    """Confirmed, refuted, or unsettled where neither or both was seen."""
    if confirmed == refuted:
        return ClaimFinding.UNSETTLED
    return ClaimFinding.CONFIRMED if confirmed else ClaimFinding.REFUTED
