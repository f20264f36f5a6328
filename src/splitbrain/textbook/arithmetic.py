"""Measurements about the arithmetic of availability: what independent failures come to."""

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimSample, found_if

MACHINES, DAYS, DAILY = 200, 400, 0.001


def fleet(seed: int) -> ClaimSample:
    """Days on which at least one of 200 machines fails, each with a chance of 0.1 % a day."""
    draw = RandomStream(seed, "textbook", "fleet")
    days = sum(any(draw.chance(DAILY) for _ in range(MACHINES)) for _ in range(DAYS))
    expected = 1 - (1 - DAILY) ** MACHINES
    near = abs(days / DAYS - expected) < 4 * (expected * (1 - expected) / DAYS) ** 0.5
    return ClaimSample(
        found_if(confirmed=near, refuted=not near), {"days with a failure among 200 machines": (days, DAYS)}
    )


MEASUREMENTS = {
    "availability-fleet": fleet,
}
