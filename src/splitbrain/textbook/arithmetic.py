"""Measurements about the arithmetic of availability: what failures come to, independent ones and others."""

from collections import Counter
from math import exp, log10

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.failures import FailureModel, sampled

MACHINES, MANY, DAYS, DAILY = 200, 1000, 400, 0.001

ALONE = FailureModel(mtbf_s=9.0, mttr_s=1.0)
TOGETHER = FailureModel(mtbf_s=9.0, mttr_s=1.0, common_s=99.0)
"""One failure in a dozen is one of all machines at once."""
SPAN_S, APART_S = 120_000.0, 5.0
"""Five times the mean repair lie between two looks, so that they are nearly independent."""


def fleet(seed: int) -> ClaimSample:
    """Days on which at least one of 200 machines fails, each with a chance of 0.1 % a day."""
    failed = _days(seed, MACHINES)
    days = DAYS - failed[0]
    expected = 1 - (1 - DAILY) ** MACHINES
    near = abs(days / DAYS - expected) < 4 * (expected * (1 - expected) / DAYS) ** 0.5
    return ClaimSample(
        found_if(confirmed=near, refuted=not near), {"days with a failure among 200 machines": (days, DAYS)}
    )


def thousand(seed: int) -> ClaimSample:
    """Days with no, one and more failures among 1,000 machines."""
    failed = _days(seed, MANY)
    none, one = failed[0], failed[1]
    shares = {
        "days without a failure among 1,000 machines": (none, DAYS),
        "days with one": (one, DAYS),
        "days with two or more": (DAYS - none - one, DAYS),
    }
    near = abs(none / DAYS - exp(-MANY * DAILY)) < 0.1
    return ClaimSample(found_if(confirmed=none == 0, refuted=near), shares)


def _days(seed: int, machines: int) -> Counter[int]:
    draw = RandomStream(seed, "textbook", "fleet", *([] if machines == MACHINES else [machines]))
    return Counter(sum([draw.chance(DAILY) for _ in range(machines)]) for _ in range(DAYS))


def copies(seed: int) -> ClaimSample:
    """Moments at which none of n copies lives, each of which is down a tenth of its time, beside p to the n."""
    shares, amounts, apart = {}, {}, []
    for name, model in (("each by itself", ALONE), ("one in a dozen of all at once", TOGETHER)):
        for number in (1, 2, 3):
            changes = list(model.changes(number, SPAN_S, RandomStream(seed, "textbook", "copies", name, number)))
            looks = list(sampled(changes, APART_S, SPAN_S))
            none = sum(len(down) == number for down in looks)
            words = f"{number} cop{'ies' if number > 1 else 'y'} that fail{'s' * (number == 1)}, {name}"
            shares[f"moments at which none lives of {words}"] = none, len(looks)
            amounts[f"nines of {words}"] = [-log10(max(none, 1) / len(looks))]
            apart.append(none / len(looks) / model.down**number)
    fits, fails = all(0.4 < ratio < 2.5 for ratio in apart[:3]), apart[5] > 5
    finding = ClaimFinding.DEPENDS if fits and fails else ClaimFinding.UNSETTLED
    return ClaimSample(finding, shares, amounts)


MEASUREMENTS = {
    "availability-fleet": fleet,
    "availability-thousand": thousand,
    "availability-copies": copies,
}
