"""Claims of a target against what was found: which hold, which were refuted, which are open and why.

A claim that is a class is compared with the class. One that is a model is refuted if a run refuted a model that it
implies, and holds if a model that implies it was confirmed in RUNS_MIN runs with faults and left undecided in none.

CP and AP say what is given up in a split: where the class is CA nothing can be split, and nothing refutes them.
Runs of a classification read and write single keys, so they cannot confirm what is about transactions, locks, queues or
logs. A claim of these kinds is `outside`: it is told, and decides no exit code. An unknown word is open, for it may be
misspelt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.claims import PROPERTIES
from splitbrain.checkers.lattice import implies, lattice
from splitbrain.classification.evidence import RunEvidence
from splitbrain.classification.models import ModelStanding, model_standings
from splitbrain.classification.rule import RUNS_MIN, CapClass

OBJECT = "object"
"""The scope of the models that runs which read and write single keys can confirm."""
INSTEAD = "`splitbrain run TARGET --workload NAME --model claim` judges it"


@dataclass(frozen=True)
class ClaimStanding:
    """Standing of one claim. holds: None while it is open, and of one that is outside. why: it is open, or outside;
    else "". outside: whether no such run can settle it. more: whether more runs may settle it."""

    holds: bool | None
    why: str = ""
    outside: bool = False
    more: bool = False

    @property
    def open(self) -> bool:
        """Whether it was to be settled, and was not."""
        return self.holds is None and not self.outside


def claim_standings(claims: Iterable[str], cap: CapClass, runs: Sequence[RunEvidence]) -> Mapping[str, ClaimStanding]:
    """The standing of each claim, by the class and by the models of runs."""
    everywhere = model_standings(runs)
    under_faults = model_standings([run for run in runs if any(window.bit for window in run.windows)])
    return {claim: _standing(claim, cap, everywhere, under_faults) for claim in claims}


def _standing(
    claim: str, cap: CapClass, everywhere: Mapping[str, ModelStanding], under_faults: Mapping[str, ModelStanding]
) -> ClaimStanding:
    if claim in tuple(CapClass):
        return _of_class(claim, cap)
    model = lattice().models.get(claim)
    if model is not None and any(one.refuted and implies(claim, name) for name, one in everywhere.items()):
        return ClaimStanding(False)
    if claim in PROPERTIES or (model is not None and model.scope != OBJECT):
        return ClaimStanding(None, f"not about single keys; {INSTEAD}", outside=True)
    if model is None:
        return ClaimStanding(None, "neither a class nor a consistency model that splitbrain knows: is it misspelt?")
    return _of_model([standing for name, standing in under_faults.items() if implies(name, claim)])


def _of_class(claim: str, cap: CapClass) -> ClaimStanding:
    if cap is CapClass.UNDETERMINED:
        return ClaimStanding(None, "the class is undetermined")
    if cap is CapClass.CA and claim in (CapClass.CP, CapClass.AP):
        return ClaimStanding(None, "there is one copy, and nothing to split", outside=True)
    return ClaimStanding(claim == cap)


def _of_model(stronger: Sequence[ModelStanding]) -> ClaimStanding:
    """The standing of a model that was not refuted. stronger: of the models that imply it, in runs with faults."""
    if any(one.confirmed >= RUNS_MIN and not one.refuted and not one.undecided for one in stronger):
        return ClaimStanding(True)
    best = max(stronger, key=lambda one: (-one.refuted, one.confirmed), default=None)
    confirmed, undecided = (0, 0) if best is None else (best.confirmed, best.undecided)
    why = f"confirmed in {confirmed} runs with faults, of {RUNS_MIN} at least"
    if undecided:
        why += f", and not decided in {undecided}"
    return ClaimStanding(None, why, more=not undecided)
