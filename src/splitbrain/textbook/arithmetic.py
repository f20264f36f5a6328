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
FAR = 4.0
"""Standard deviations by which a share may differ from the formula."""
SPAN_S, APART_S = 120_000.0, 5.0
"""Five times the mean repair lie between two looks, so that they are nearly independent."""


def fleet(seed: int) -> ClaimSample:
    """Days on which at least one of 200 machines fails, each with a chance of 0.1 % a day."""
    failed = _days(seed, MACHINES)
    days = DAYS - failed[0]
    expected = 1 - (1 - DAILY) ** MACHINES
    near = abs(days / DAYS - expected) < FAR * (expected * (1 - expected) / DAYS) ** 0.5
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
    expected = exp(-MANY * DAILY)
    near = abs(none / DAYS - expected) < FAR * (expected * (1 - expected) / DAYS) ** 0.5
    return ClaimSample(found_if(confirmed=none == 0, refuted=near), shares)


def _days(seed: int, machines: int) -> Counter[int]:
    draw = RandomStream(seed, "textbook", "fleet", *([] if machines == MACHINES else [machines]))
    return Counter(sum([draw.chance(DAILY) for _ in range(machines)]) for _ in range(DAYS))


def copies(seed: int) -> ClaimSample:
    """Moments at which none of n copies lives, each of which is down a tenth of its time, beside p to the n."""
    shares, apart = {}, []
    for name, model in (("each by itself", ALONE), ("one in a dozen of all at once", TOGETHER)):
        for number in (1, 2, 3):
            changes = list(model.changes(number, SPAN_S, RandomStream(seed, "textbook", "copies", name, number)))
            looks = list(sampled(changes, APART_S, SPAN_S))
            none = sum(len(down) == number for down in looks)
            words = f"{number} cop{'ies' if number > 1 else 'y'} that fail{'s' * (number == 1)}, {name}"
            expected = model.down**number
            by_formula = f"by the formula {-log10(expected):.3g} nines"
            shares[f"moments at which none lives of {words}; {by_formula}"] = none, len(looks)
            apart.append(abs(none / len(looks) - expected) / (expected * (1 - expected) / len(looks)) ** 0.5)
    fits, fails = max(apart[:3]) < FAR, none > 5 * model.down**number * len(looks) and apart[5] > FAR
    finding = ClaimFinding.DEPENDS if fits and fails else ClaimFinding.UNSETTLED
    return ClaimSample(finding, shares, served=dict.fromkeys(shares, False))


MEASUREMENTS = {
    "availability-fleet": fleet,
    "availability-thousand": thousand,
    "availability-copies": copies,
}
