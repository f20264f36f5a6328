"""Measurements about caches in front of a store: fills that come late, and leases against them."""

from collections.abc import Callable

from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.simulated import SimulatedRun, block, simulate

RUNS = 6
ASIDE = "cache:style=cache-aside,leases={}"


def _runs(leases: str, seed: int, model: str) -> list[SimulatedRun]:
    return [
        simulate(
            ASIDE.format(leases), one, workload="unique-register", model=model, nemesis="partition,packet",
            time_limit=15.0,
        )
        for one in block(seed, RUNS)
    ]  # fmt: skip


def _sample(seed: int, finding: Callable[[list[SimulatedRun], list[SimulatedRun]], ClaimFinding]) -> ClaimSample:
    """Runs without leases and with them, judged by whether reads of a client go back."""
    without, leased = (_runs(leases, seed, "monotonic-reads") for leases in ("off", "on"))
    shares = {
        f"runs in which a client read an older value than before, {words}": (sum(run.refuted for run in runs), RUNS)
        for words, runs in (("without leases", without), ("with leases", leased))
    }
    return ClaimSample(finding(without, leased), shares)


def stale_fill(seed: int) -> ClaimSample:
    """Copies that are erased after each write, and filled by whoever misses."""
    return _sample(
        seed,
        lambda without, leased: found_if(
            confirmed=all(run.held for run in without), refuted=any(run.refuted for run in without)
        ),
    )


def leases(seed: int) -> ClaimSample:
    """The same with a lease on each fill, which a write breaks."""
    return _sample(
        seed,
        lambda without, leased: found_if(
            confirmed=any(run.refuted for run in without) and all(run.held for run in leased),
            refuted=any(run.refuted for run in leased),
        ),
    )


MEASUREMENTS = {"caches-stale-fill": stale_fill, "caches-leases": leases}
