"""Budget: limits of a check.

Configurations come first, so that the verdict of a simulated run depends on no machine; seconds and bytes bound any
check.
"""

import time
from dataclasses import dataclass, replace

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
        """A meter whose clock starts now."""
        return BudgetMeter(self, time.monotonic() + self.seconds)


@dataclass
class BudgetMeter:
    """Meter of a budget's use. Several searches of one check share one."""

    budget: Budget
    deadline: float
    configurations: int = 0

    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def left(self) -> Budget:
        """The same limits, with the seconds that are left, for whoever starts a clock of its own."""
        seconds = self.seconds_left()
        if seconds > 0.99 * self.budget.seconds:
            return self.budget
        return replace(self.budget, seconds=float(f"{seconds:.3g}"))

    def exhausted(self) -> str | None:
        """The limit that is reached, in words, or None."""
        if self.configurations >= self.budget.configurations:
            return f"the budget of {self.budget.configurations:,} configurations was spent"
        if time.monotonic() >= self.deadline:
            return f"the budget of {self.budget.seconds:g} s was spent"
        return None
