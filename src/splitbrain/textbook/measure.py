"""Claims measured over seeds: figures with their intervals, and the finding.

A claim's finding is that of all its seeds; where they do not agree it is unsettled. A share of independent trials has
Wilson's 95 % interval over all seeds. Trials of one run depend on one another, so that runs are clusters, and the
interval is as wide as they differ (`clustered`). A measured amount has its median, with the 95 % interval of order
statistics that assumes no distribution; of fewer than six values that is from the least to the greatest.
"""

import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.results.intervals import clustered, wilson
from splitbrain.textbook.claim import BookClaim, ClaimFinding, ClaimSample, claims

SEEDS = (1, 2, 3)
FEW = 6
"""Fewer values than these have no 95 % interval of their median."""


@dataclass(frozen=True)
class MeasuredFigure:
    """One figure over all seeds. low, value, high: with the interval; shares from 0 to 1. of: how many trials or
    values. share: whether it is one. runs: how many runs its trials are of, if they depend on one another; else 0.
    served: of one that is told in nines too, whether it is of what was served, or of the rest; None of others."""

    low: float
    value: float
    high: float
    of: int
    share: bool
    runs: int = 0
    served: bool | None = None

    @property
    def nines(self) -> tuple[float, float, float]:
        """Nines of availability, with the interval; of what was always served there are infinitely many."""
        lost = [1 - share if self.served else share for share in (self.low, self.value, self.high)]
        low, value, high = sorted(-math.log10(share) if share > 0 else math.inf for share in lost)
        return low, value, high

    def to_json(self) -> dict[str, Any]:
        """Plain data. Infinitely many nines are null."""
        found: dict[str, Any] = {
            "low": round(self.low, 6), "value": round(self.value, 6), "high": round(self.high, 6), "of": self.of,
        }  # fmt: skip
        if self.runs:
            found["runs"] = self.runs
        if self.served is not None:
            nines = (None if number == math.inf else round(number, 3) for number in self.nines)
            found["nines"] = dict(zip(("low", "value", "high"), nines, strict=True))
        return found

    def shown(self) -> str:
        """In words."""
        if self.share:
            low, value, high = map(_percent, (self.low, self.value, self.high))
            runs = f" in {self.runs} run{'s' * (self.runs > 1)}" if self.runs else ""
            return f"{value} % ({low} to {high}) of {self.of:,}{runs}{self._shown_nines()}"
        low, value, high = (f"{number:.3g}" if number < 100 else f"{number:,.0f}" for number in
                            (self.low, self.value, self.high))  # fmt: skip
        return f"{value} ({low} to {high}) of {self.of:,}"

    def _shown_nines(self) -> str:
        if self.served is None:
            return ""
        low, value, high = self.nines
        return f"; at least {low:.3g} nines" if value == math.inf else f"; {value:.3g} nines ({low:.3g} to {high:.3g})"


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
            runs = [run for sample in samples for run in sample.runs.get(name, ()) if run[1]]
            bounds = clustered(runs) if runs else wilson(part, whole)
            value = part / whole if whole else 0.0
            served = next((sample.served[name] for sample in samples if name in sample.served), None)
            found[name] = MeasuredFigure(bounds.low, value, bounds.high, whole, True, len(runs), served)
        for name in dict.fromkeys(name for sample in samples for name in sample.amounts):
            found[name] = _median([value for sample in samples for value in sample.amounts.get(name, ())])
        return found

    def to_json(self) -> dict[str, Any]:
        """A line for machines."""
        return {
            "claim": self.claim.name,
            "source": self.claim.source,
            "finding": self.finding.value,
            "measured": {name: figure.to_json() for name, figure in self.figures.items()},
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
    found, others = [], set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _die_with_parent) as pool:
        try:
            futures: dict[str, dict[int, Future[ClaimSample]]] = {
                claim.name: {seed: pool.submit(sample_of, claim.name, seed) for seed in seeds} for claim in asked
            }
            for claim in asked:
                samples = {seed: future.result() for seed, future in futures[claim.name].items()}
                found.append(MeasuredClaim(claim, samples))
                progress(found[-1])
        except BrokenProcessPool as error:
            raise InfrastructureError(
                "a process that measured was ended by something else: is memory short?"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()  # a claim takes up to minutes, and nobody waits for it any more
            raise
    return found


def _die_with_parent() -> None:
    """Have a worker end with the process that waits for it, also where that was killed."""
    if sys.platform == "linux":
        from splitbrain.harness.environments.linux.parent import die_with_parent

        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it died before


def sample_of(name: str, seed: int) -> ClaimSample:
    """Measure one claim with one seed."""
    from splitbrain.textbook.catalogue import MEASUREMENTS

    return MEASUREMENTS[name](seed)


def _percent(share: float) -> str:
    """A share of a hundred with three digits, or more where three would round it to all."""
    shown = (f"{100 * share:.{digits}g}" for digits in range(3, 17))
    return next(text for text in shown if text != "100" or share == 1)


def _median(values: Sequence[float]) -> MeasuredFigure:
    """The median, with the interval between the order statistics that hold it with 95 %."""
    ordered, number = sorted(values), len(values)
    if not number:
        return MeasuredFigure(0.0, 0.0, 0.0, 0, False)
    outside, cut = 0.0, 0
    while number >= FEW and 2 * (outside + math.comb(number, cut) / 2**number) <= 0.05:
        outside += math.comb(number, cut) / 2**number
        cut += 1
    low, high = ordered[max(0, cut - 1)], ordered[min(number - 1, number - cut)]
    middle = (ordered[(number - 1) // 2] + ordered[number // 2]) / 2
    return MeasuredFigure(low, middle, high, number, False)
