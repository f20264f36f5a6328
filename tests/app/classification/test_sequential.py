"""The sequential test: its boundaries, and how often it errs."""

import random

import pytest

from splitbrain.classification.sequential import SequentialTest, rate_bound

TEST = SequentialTest()


def test_unanimous_windows_settle_it() -> None:
    assert TEST.decide(TEST.unanimous, 0) is True
    assert TEST.decide(TEST.unanimous - 1, 0) is None
    assert TEST.unanimous == 12
    assert TEST.decide(0, 3) is False
    assert TEST.decide(0, 2) is None
    assert TEST.decide(0, 0) is None


def test_missing_trials_are_counted() -> None:
    assert TEST.missing(0, 0) == 12
    assert TEST.missing(12, 0) == TEST.missing(0, 3) == 0
    more = TEST.missing(5, 1)
    assert TEST.decide(5 + more, 1) is True
    assert TEST.decide(5 + more - 1, 1) is None


@pytest.mark.parametrize(("share", "wrong"), [(0.6, True), (0.95, False), (0.3, True), (1.0, False)])
def test_it_errs_as_seldom_as_it_says(share: float, wrong: bool) -> None:
    draw, errors, tries = random.Random(16), 0, 3000
    for _ in range(tries):
        successes = failures = 0
        while (said := TEST.decide(successes, failures)) is None:
            happened = draw.random() < share
            successes, failures = successes + happened, failures + (not happened)
        errors += said is wrong
    assert errors <= 0.01 * tries


def test_the_bound_of_a_rate() -> None:
    assert rate_bound(0, 0) == rate_bound(3, 3) == 1.0
    assert rate_bound(0, 59) == pytest.approx(0.0495, abs=1e-3)
    assert rate_bound(2, 20) == pytest.approx(0.2826, abs=1e-3)
