"""Does each object behave as if it stood on one machine, each operation at one moment? The checker of workloads: a
model, judged by `porcupine`."""

from dataclasses import dataclass

from splitbrain.checkers import porcupine
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict


@dataclass(frozen=True)
class Linearizability:
    """Linearizability (Herlihy & Wing 1990) with respect to a model."""

    model: porcupine.Model
    name: str = "linearizability"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that the model does not know."""
        return porcupine.check(self.model, history, budget)
