"""Claims measured over seeds: figures with their intervals, and the finding.

A claim's finding is that of all its seeds; where they do not agree it is unsettled. A share has Wilson's 95 % interval
over all seeds, a measured amount its median, with the 95 % interval of order statistics that assumes no distribution;
of fewer than six values that is from the least to the greatest.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from math import comb
from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.results.intervals import wilson
from splitbrain.textbook.claim import BookClaim, ClaimFinding, ClaimSample, claims

SEEDS = (1, 2, 3)
FEW = 6
"""Fewer values than these have no 95 % interval of their median."""


@dataclass(frozen=True)
class MeasuredFigure:
    """One figure over all seeds. low, value, high: with the interval; shares from 0 to 1. of: how many trials or
    values. share: whether it is one."""

    low: float
    value: float
    high: float
    of: int
    share: bool

    def to_json(self) -> dict[str, float]:
        """Plain data."""
        return {"low": round(self.low, 4), "value": round(self.value, 4), "high": round(self.high, 4), "of": self.of}

    def shown(self) -> str:
        """In words."""
        if self.share:
            low, value, high = (f"{100 * number:.3g}" for number in (self.low, self.value, self.high))
            return f"{value} % ({low} to {high}) of {self.of:,}"
        low, value, high = (f"{number:.3g}" if number < 100 else f"{number:,.0f}" for number in
                            (self.low, self.value, self.high))  # fmt: skip
        return value if low == high else f"{value} ({low} to {high})"


@dataclass(frozen=True)
class MeasuredClaim:
    """One claim and what its seeds came to."""

    claim: BookClaim
    samples: Mapping[int, ClaimSample]

    @property
    def finding(self) -> ClaimFinding:
        """The finding of all seeds."""
        found = {sample.finding for sample in self.samples.values()}
        return found.pop() if len(found) == 1 else ClaimFinding.UNSETTLED

    @property
    def figures(self) -> Mapping[str, MeasuredFigure]:
        """Each figure over all seeds."""
        samples = list(self.samples.values())
        found = {}
        for name in dict.fromkeys(name for sample in samples for name in sample.shares):
            counts = [sample.shares[name] for sample in samples if name in sample.shares]
            part, whole = sum(part for part, _ in counts), sum(whole for _, whole in counts)
            bounds = wilson(part, whole)
            found[name] = MeasuredFigure(bounds.low, part / whole if whole else 0.0, bounds.high, whole, True)
        for name in dict.fromkeys(name for sample in samples for name in sample.amounts):
            found[name] = _median([value for sample in samples for value in sample.amounts.get(name, ())])
        return found

    def to_json(self) -> dict[str, Any]:
        """A line for machines."""
        return {
            "claim": self.claim.name,
            "topic": self.claim.topic,
            "says": self.claim.claim,
            "source": self.claim.source,
            "finding": self.finding.value,
            "on_record": self.claim.finding.value,
            "measured": {name: figure.to_json() for name, figure in self.figures.items()},
            "seeds": {str(seed): sample.finding.value for seed, sample in self.samples.items()},
            "run": self.claim.run,
        }


def chosen(names: Sequence[str]) -> list[BookClaim]:
    """The claims of these names or topics, in the order of the file; all if none is named. UsageError for another."""
    known = {word for claim in claims() for word in (claim.name, claim.topic)}
    for name in names:
        if name not in known:
            topics = ", ".join(dict.fromkeys(claim.topic for claim in claims()))
            hint = did_you_mean(name, sorted(known), f"the topics are {topics}")
            raise UsageError(f"there is no claim or topic {name!r}{hint}")
    return [claim for claim in claims() if not names or claim.name in names or claim.topic in names]


def measure(
    asked: Sequence[BookClaim],
    seeds: Sequence[int] = SEEDS,
    jobs: int | None = None,
    progress: Callable[[MeasuredClaim], None] = lambda measured: None,
) -> list[MeasuredClaim]:
    """Measure claims, each with all seeds. jobs: processes at once, by default the cores there are. progress: told of
    each claim when it is measured."""
    jobs = jobs or len(os.sched_getaffinity(0))
    if jobs == 1:
        found = []
        for claim in asked:
            found.append(MeasuredClaim(claim, {seed: sample_of(claim.name, seed) for seed in seeds}))
            progress(found[-1])
        return found
    found = []
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        futures: dict[str, dict[int, Future[ClaimSample]]] = {
            claim.name: {seed: pool.submit(sample_of, claim.name, seed) for seed in seeds} for claim in asked
        }
        try:
            for claim in asked:
                samples = {seed: future.result() for seed, future in futures[claim.name].items()}
                found.append(MeasuredClaim(claim, samples))
                progress(found[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def sample_of(name: str, seed: int) -> ClaimSample:
    """Measure one claim with one seed."""
    from splitbrain.textbook.catalogue import MEASUREMENTS

    return MEASUREMENTS[name](seed)


def _median(values: Sequence[float]) -> MeasuredFigure:
    """The median, with the interval between the order statistics that hold it with 95 %."""
    ordered, number = sorted(values), len(values)
    if not number:
        return MeasuredFigure(0.0, 0.0, 0.0, 0, False)
    outside, cut = 0.0, 0
    while number >= FEW and 2 * (outside + comb(number, cut) / 2**number) <= 0.05:
        outside += comb(number, cut) / 2**number
        cut += 1
    low, high = ordered[max(0, cut - 1)], ordered[min(number - 1, number - cut)]
    middle = (ordered[(number - 1) // 2] + ordered[number // 2]) / 2
    return MeasuredFigure(low, middle, high, number, False)
