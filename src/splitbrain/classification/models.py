"""Models over several runs: which were refuted, how often at most, and the strongest ones that are left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.lattice import maximal
from splitbrain.checkers.spectrum import in_order
from splitbrain.classification.evidence import RunEvidence
from splitbrain.classification.sequential import rate_bound
from splitbrain.harness.operation import Value


@dataclass(frozen=True)
class ModelStanding:
    """Standing of one model after several runs. bound: the 95 % upper bound of the share of runs that refute
    it. first: the first run that refuted it, with its seed and scenario; witness: why, in words."""

    refuted: int
    confirmed: int
    undecided: int
    bound: float
    first: RunEvidence | None = None
    reason: str = ""
    witness: Sequence[str] = ()

    @property
    def holds(self) -> bool | None:
        """Whether it holds, as far as can be told from these runs; None if no run decided it."""
        return False if self.refuted else True if self.confirmed else None


def model_standings(runs: Sequence[RunEvidence]) -> Mapping[str, ModelStanding]:
    """Standings of all models that a run judged, in the order of the lattice."""
    names = {name for run in runs for name in (*run.models.refuted, *run.models.allowed, *run.models.undecided)}
    found = {}
    for name in in_order(names):
        refuting = [run for run in runs if name in run.models.refuted]
        confirmed = sum(name in run.models.allowed for run in runs)
        said: Mapping[str, Value] = refuting[0].models.refuted[name] if refuting else {}
        found[name] = ModelStanding(
            len(refuting), confirmed, len(runs) - len(refuting) - confirmed,
            rate_bound(len(refuting), len(refuting) + confirmed), refuting[0] if refuting else None,
            str(said.get("reason", "")), tuple(map(str, said.get("witness", ()))),
        )  # fmt: skip
    return found


def strongest(runs: Iterable[RunEvidence]) -> list[str]:
    """The strongest models that no run refuted, of those that a run confirmed."""
    standing = model_standings(list(runs))
    return in_order(maximal(name for name, found in standing.items() if found.holds))
