"""Linearizability with respect to a model, judged by `porcupine`: the checker that workloads name."""

from dataclasses import dataclass, replace

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.verdict import Validity, Verdict


@dataclass(frozen=True)
class Linearizability:
    """Linearizability (Herlihy & Wing 1990) with respect to a model."""

    model: porcupine.Model
    name: str = "linearizability"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that the model does not know."""
        return porcupine.check(self.model_for(history), history, budget)

    def decide(self, history: History, spending: BudgetMeter) -> Verdict:
        """Check without witnesses, see `check`; for those who measure. `explain` adds them."""
        return porcupine.unexplained(self.model_for(history), history, spending)

    def explain(self, history: History, verdict: Verdict, budget: Budget) -> Verdict:
        """A verdict of `decide`, each `invalid` in it with a witness."""
        return porcupine.explain(self.model_for(history), history, verdict, budget)

    def model_for(self, history: History) -> porcupine.Model:
        """The model, or the wider one that the operations of the history need."""
        if self.model.wider is None:
            return self.model
        values = history.pool.values
        return self.model.wider(frozenset(values[f] for f in set(history.operations().f))) or self.model


@dataclass(frozen=True)
class RegisterLinearizability:
    """Linearizability of registers with compare-and-set that begin as nil, by everything that was recorded: revisions
    where completions carry them, and refused compare-and-sets (error kind `precondition`), which tell what was not
    there."""

    name: str = "linearizable"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's.

        Values alone are looked at first, with half of the time: what refutes them needs fewer operations to show.
        """
        settings = {"initial": None, "precondition": "observe"}
        half = replace(budget, seconds=budget.seconds / 2)
        verdict = porcupine.check(MODELS["cas-register"].make(settings), history, half)
        if verdict.value is Validity.INVALID:
            return verdict
        if all(revision == ABSENT for revision in history.operations().revision):
            return verdict
        return porcupine.check(MODELS["versioned-register"].make(settings), history, half)
