"""How much may a checker spend? Configurations first, so that a verdict in a simulated run depends on no machine;
then seconds and bytes, so that no check ever runs away.
"""

import time
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Budget:
    """Limits of one check. Beyond any of them the verdict is `unknown`, with how far it came.

    seconds: wall time. configurations: states of a search visited. bytes: memory a search may hold.
    """

    seconds: float = 60.0
    configurations: int = 20_000_000
    bytes: int = GIB

    def start(self) -> "BudgetMeter":
        """The clock starts."""
        return BudgetMeter(self, time.monotonic() + self.seconds)


@dataclass
class BudgetMeter:
    """A budget being spent: several searches of one check draw on the same one."""

    budget: Budget
    deadline: float
    configurations: int = 0

    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def exhausted(self) -> str | None:
        """Which limit is reached, in words, or None."""
        if self.configurations >= self.budget.configurations:
            return f"the budget of {self.budget.configurations:,} configurations was spent"
        if time.monotonic() >= self.deadline:
            return f"the budget of {self.budget.seconds:g} s was spent"
        return None
