"""Checker: judges a history. A pure function of history and budget."""

from typing import Protocol, runtime_checkable

from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict


class Checker(Protocol):
    """A judge of which models a history still allows. No I/O, no clock but the budget's, no randomness."""

    @property
    def name(self) -> str:
        """The name in verdicts."""

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; never raises for any history that the validator accepts, except UsageError for an operation
        (`f`) its model does not know."""


@runtime_checkable
class ExplainingChecker(Checker, Protocol):
    """A checker whose witness can be asked for apart from its verdict."""

    def decide(self, history: History, spending: BudgetMeter) -> Verdict:
        """Check without a witness, see `check`."""

    def explain(self, history: History, verdict: Verdict, budget: Budget) -> Verdict:
        """A verdict of `decide` with its witness."""
