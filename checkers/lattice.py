"""Lattice of consistency models: what implies what, and which anomaly refutes which model.

The data, with a source for each line, is in `lattice.toml`; its names are those of claims, verdicts and reports. Models
of single operations and of transactions stand in one order, because a transaction of one operation is both.

Names are exact; `resolve` understands aliases too. KeyError for a name that is not there.
"""

import functools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final, Literal

from splitbrain.harness.verdict import Verdict

SPECTRUM_NAME: Final = "spectrum"
"""The check that judges all models of a history."""


@dataclass(frozen=True)
class ConsistencyModel:
    """holds: when a history satisfies it. source: who defined it. aliases: other names in the literature."""

    name: str
    scope: Literal["object", "transaction"]
    holds: str
    source: str
    aliases: Sequence[str] = ()


@dataclass(frozen=True)
class Implication:
    """An implication of models: each history that satisfies `stronger` satisfies `weaker`. tested: compared with
    exhaustive search."""

    stronger: str
    weaker: str
    source: str
    tested: bool


@dataclass(frozen=True)
class Anomaly:
    """list_append, rw_register: how it shows in histories of these workloads; see `lattice.toml`. implies: anomalies
    that a history with this one has too."""

    name: str
    definition: str
    list_append: str
    rw_register: str
    source: str
    elsewhere: str = ""
    implies: Sequence[str] = ()


@dataclass(frozen=True)
class Lattice:
    """The content of `lattice.toml`. refutes: anomaly → models that a history with it does not satisfy, the strongest
    statement only: see `refuted_by`."""

    models: Mapping[str, ConsistencyModel]
    implications: Sequence[Implication]
    anomalies: Mapping[str, Anomaly]
    refutes: Mapping[str, Sequence[str]]
    below: Mapping[str, frozenset[str]] = field(init=False)
    """Model → all that it implies, itself among them."""
    above: Mapping[str, frozenset[str]] = field(init=False)
    """Model → all that imply it, without itself."""

    def __post_init__(self) -> None:
        direct: dict[str, list[str]] = {name: [] for name in self.models}
        for edge in self.implications:
            direct[edge.stronger].append(edge.weaker)
        below = {name: reachable(name, direct) for name in self.models}
        above = {name: frozenset(o for o, under in below.items() if name in under) - {name} for name in self.models}
        object.__setattr__(self, "below", below)
        object.__setattr__(self, "above", above)


@functools.cache
def lattice() -> Lattice:
    """The lattice, read once."""
    found = tomllib.loads(files(__package__).joinpath("lattice.toml").read_text(encoding="utf-8"))
    refutes: dict[str, list[str]] = {}
    for row in found["refutes"]:
        refutes.setdefault(row["anomaly"], []).append(row["model"])
    return Lattice(
        models={row["name"]: ConsistencyModel(**row) for row in found["models"]},
        implications=[Implication(**row) for row in found["implies"]],
        anomalies={row["name"]: Anomaly(**row) for row in found["anomalies"]},
        refutes=refutes,
    )


def resolve(name: str) -> str:
    """The name of the model that goes by this name or alias."""
    models = lattice().models
    if name in models:
        return name
    for model in models.values():
        if name in model.aliases:
            return model.name
    raise KeyError(name)


def implies(stronger: str, weaker: str) -> bool:
    """Whether each history that satisfies the first model is known to satisfy the second; a model implies itself."""
    return lattice().models[weaker].name in lattice().below[stronger]


def weaker(model: str) -> frozenset[str]:
    """All models that this one implies, without itself."""
    return lattice().below[model] - {model}


def stronger(model: str) -> frozenset[str]:
    """All models that imply this one, without itself."""
    return lattice().above[model]


def maximal(models: Iterable[str]) -> frozenset[str]:
    """The strongest of these models: those that no other one of these implies."""
    given = frozenset(models)
    return frozenset(model for model in given if not stronger(model) & given)


def minimal(models: Iterable[str]) -> frozenset[str]:
    """The weakest of these models: those that imply no other one of these."""
    given = frozenset(models)
    return frozenset(model for model in given if not weaker(model) & given)


def refuted_by(anomalies: Iterable[str]) -> frozenset[str]:
    """All models that a history with these anomalies does not satisfy: those that an anomaly refutes, or one that it
    implies, and all stronger ones."""
    found = lattice()
    direct = {name: anomaly.implies for name, anomaly in found.anomalies.items()}
    everything = frozenset[str]().union(*(reachable(anomaly, direct) for anomaly in anomalies))
    refuted = {model for anomaly in everything for model in found.refutes.get(anomaly, ())}
    return frozenset(refuted).union(*map(stronger, refuted))


def reachable(start: str, direct: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The models that a walk along these edges meets, the start among it. KeyError for a name that has no entry."""
    seen, left = set[str](), [start]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += direct[name]
    return frozenset(seen)


def spectrum_in(verdict: Verdict | None) -> Mapping[str, Any]:
    """The details of a spectrum, of registers or of transactions, in a tree of verdicts: which models are allowed,
    refuted, undecided; empty if there is none."""
    if verdict is None:
        return {}
    if "refuted" in verdict.details and "allowed" in verdict.details:
        return verdict.details
    return next((found for child in verdict.children if (found := spectrum_in(child))), {})


def staleness_in(verdict: Verdict | None) -> Mapping[str, Any]:
    """The staleness of reads, by a tree of verdicts; empty if no check of it says so."""
    if verdict is None:
        return {}
    if found := verdict.details.get("staleness"):
        return dict(found)
    return next((found for child in verdict.children if (found := staleness_in(child))), {})
