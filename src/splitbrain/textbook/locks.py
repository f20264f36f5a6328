"""Measurements about locks: what tokens stop of holders that are late, and what they do not."""

from splitbrain.textbook.claim import ClaimFinding, ClaimSample
from splitbrain.textbook.simulated import block, simulate


def fencing(seed: int) -> ClaimSample:
    """Holders of a lock that are late and do not look at the clock: what the resource accepts, and who used it when."""
    shares = {}
    for fenced in ("off", "on"):
        for judge, words in (
            ("fencing", "that accepted an older holder after a newer one"),
            ("exclusion", "in which two held the lock at once"),
        ):
            runs = [
                simulate(
                    f"lock:holders=paused,fencing={fenced}", one, workload="lock", settings={"judge": judge},
                    rate=100.0, time_limit=20.0, nemesis="pause,partition",
                )
                for one in block(seed, 2)
            ]  # fmt: skip
            shares[f"runs {words}, fencing={fenced}"] = sum(run.refuted for run in runs), len(runs)
    plain, _, fenced_too, still = (part for part, _ in shares.values())
    depends = plain > 0 and still > 0 and not fenced_too
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, shares)


MEASUREMENTS = {"agreement-fencing": fencing}
