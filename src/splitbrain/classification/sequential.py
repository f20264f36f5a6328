"""Sequential test: whether something happens in nearly all of independent trials, or in clearly fewer.

Wald's sequential probability ratio test (Sequential Tests of Statistical Hypotheses, Annals of Mathematical Statistics
16, 1945). It may be asked after every trial, and needs the fewest trials on average of all tests with its errors.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SequentialTest:
    """Test of two hypotheses: that a trial succeeds with probability `high` or more, and with `low` or less.

    error: the largest probability to decide for the one if the other is true; in between either may come out.
    """

    low: float = 0.6
    high: float = 0.95
    error: float = 0.005

    def decide(self, successes: int, failures: int) -> bool | None:
        """True for `high`, False for `low`, None while neither is settled."""
        evidence = successes * math.log(self.high / self.low) + failures * math.log((1 - self.high) / (1 - self.low))
        settled = math.log((1 - self.error) / self.error)
        return True if evidence >= settled else False if evidence <= -settled else None

    @property
    def unanimous(self) -> int:
        """The number of successes in a row that settle it."""
        return math.ceil(math.log((1 - self.error) / self.error) / math.log(self.high / self.low))

    def missing(self, successes: int, failures: int) -> int:
        """The number of trials that are missing to settle it, if all succeed; 0 where it is settled."""
        more = 0
        while self.decide(successes + more, failures) is None:
            more += 1
        return more


def rate_bound(refuted: int, runs: int, level: float = 0.95) -> float:
    """The upper bound of Clopper and Pearson (1934), on one side, of the share of runs that are refuted."""
    if not runs or refuted >= runs:
        return 1.0
    if refuted == 0:
        return float(1 - (1 - level) ** (1 / runs))
    from scipy.stats import beta

    return float(beta.ppf(level, refuted + 1, runs - refuted))
