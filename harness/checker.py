"""Checker: judges a history. A pure function of history and budget."""

from typing import Protocol

from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict


class Checker(Protocol):
    """Decides which models a history still allows. No I/O, no clock but the budget's, no randomness."""

    @property
    def name(self) -> str:
        """Its name in verdicts."""

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; never raises for any history that the validator accepts, except UsageError for an operation
        (`f`) its model does not know."""
