"""Chance: which differences between two sets of runs it does not explain.

Shares are compared by Fisher's exact test. Figures (availability, latency, throughput) are compared by a permutation
test over runs: under the hypothesis that nothing changed, any division of all runs into the two sets is as likely. The
statistic of a figure is the difference of its mean ranks; of all figures of a test the largest decides, so that one
level holds for all of them together, however they depend on each other. The library is scipy, imported when it is used.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEVEL = 0.001
"""The share of comparisons of unchanged systems that may tell a difference: half for shares, half for figures."""
SCREEN = 499
"""Random divisions that are tried first: a test none of whose figures they make less likely than SCREENED is done."""
SCREENED = 0.02
RESOLUTION = 5
"""The ratio of the level to the precision with which the share of chance is found out."""
DIVISIONS_LEAST = 1_999
DIVISIONS_MOST = 1_000_000
SEED = 20_261_128
"""Of the random divisions: the same comparison tells the same every time."""

Figures = Mapping[str, Sequence[float]]
"""Name → a value a run, in the order of the runs; NaN where a run has none."""


@dataclass(frozen=True)
class Share:
    """A count out of a whole."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part} of {self.whole}"


def share_rose(before: Share, now: Share) -> float:
    """The probability of at least such a rise if nothing changed."""
    from scipy.stats import fisher_exact

    table = [[now.part, now.whole - now.part], [before.part, before.whole - before.part]]
    return float(fisher_exact(table, alternative="greater").pvalue)


def beyond(chances: Mapping[Any, float], level: float) -> frozenset[Any]:
    """The hypotheses that are refuted with at most this probability of refuting any true one: Holm's correction."""
    found = []
    for number, (name, chance) in enumerate(sorted(chances.items(), key=lambda item: item[1])):
        if chance * (len(chances) - number) > level:
            break
        found.append(name)
    return frozenset(found)


def enough(before: int, now: int, figures: int, level: float) -> bool:
    """Whether so many runs on both sides could show, at this level, that one of so many figures changed."""
    return math.comb(before + now, now) * level >= figures and level * DIVISIONS_MOST >= 1


def shifted(before: Figures, now: Figures, level: float) -> frozenset[str]:
    """The figures whose values are higher in `now` than chance explains, with at most this probability of telling any
    if nothing changed. Both have the same names, and at least one run."""
    import numpy

    names = sorted(before)
    old, new = (numpy.array([side[name] for name in names], dtype=float) for side in (before, now))
    if not names or not enough(old.shape[1], new.shape[1], 1, level):
        return frozenset()
    ranks = _ranks(numpy.concatenate([old, new], axis=1))
    divided = ranks[:, old.shape[1] :], ranks[:, : old.shape[1]]
    chances = _chances(*divided, SCREEN)
    if chances.min() > max(SCREENED, 4 * level):
        return frozenset()
    chances = _chances(*divided, min(DIVISIONS_MOST, max(DIVISIONS_LEAST, math.ceil(RESOLUTION / level))))
    return frozenset(name for name, chance in zip(names, chances, strict=True) if chance <= level)


def _ranks(values: Any) -> Any:
    """Ranks of each row, about 0 and of one spread, so that figures can be compared; 0 where there is no value."""
    import numpy
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1, nan_policy="omit")
    ranks = numpy.where(numpy.isnan(ranks), numpy.nan, ranks)
    known = (~numpy.isnan(ranks)).sum(axis=1, keepdims=True)
    ranks = numpy.nan_to_num(ranks - numpy.nansum(ranks, axis=1, keepdims=True) / numpy.maximum(known, 1))
    spread = numpy.sqrt((ranks**2).sum(axis=1, keepdims=True))
    return numpy.divide(ranks, spread, out=numpy.zeros_like(ranks), where=spread > 0)


def _chances(now: Any, before: Any, divisions: int) -> Any:
    """The probability, of each row, that the largest difference of any row is at least this one's if nothing
    changed."""
    import numpy
    from scipy.stats import permutation_test

    def difference(one: Any, other: Any, axis: int) -> Any:
        return one.mean(axis=axis) - other.mean(axis=axis)

    found = permutation_test(
        (now, before),
        difference,
        vectorized=True,
        axis=-1,
        alternative="greater",
        n_resamples=divisions,
        batch=2_000,
        rng=numpy.random.default_rng(SEED),
    )
    largest = numpy.sort(found.null_distribution.max(axis=1))
    as_large = len(largest) - numpy.searchsorted(largest, numpy.asarray(found.statistic) - 1e-12)
    exact = math.comb(now.shape[1] + before.shape[1], now.shape[1]) <= divisions
    return as_large / len(largest) if exact else (as_large + 1) / (len(largest) + 1)
