"""Intervals of shares: over clusters of observations that depend on one another."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.results.intervals import clustered, wilson


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted).map(tuple), max_size=12))
def test_an_interval_over_clusters_holds_the_share_and_stays_within_bounds(clusters: list[tuple[int, int]]) -> None:
    found = clustered(clusters)
    part, whole = sum(p for p, _ in clusters), sum(w for _, w in clusters)
    assert (found.part, found.whole) == (part, whole)
    assert 0 <= found.low <= found.high <= 1
    if whole:
        assert found.low <= part / whole + 1e-12
        assert found.high >= part / whole - 1e-12
    else:
        assert (found.low, found.high) == (0, 1)


def test_clusters_that_agree_count_as_one_observation_each() -> None:
    assert clustered([(10, 10)] * 7) == type(found := wilson(7, 7))(70, 70, found.low, found.high)
    assert clustered([(0, 10)] * 7).high == wilson(0, 7).high


def test_the_more_clusters_differ_the_wider_the_interval() -> None:
    even = clustered([(5, 10), (4, 10), (6, 10), (5, 10), (4, 10), (6, 10)])
    torn = clustered([(10, 10), (0, 10), (10, 10), (0, 10), (10, 10), (0, 10)])
    assert torn.high - torn.low > 2 * (even.high - even.low)
    assert even.high - even.low >= wilson(30, 60).high - wilson(30, 60).low - 1e-9


@pytest.mark.parametrize("spread", [0.0, 0.15, 0.4])
def test_intervals_cover_the_truth_in_nine_of_ten_repetitions_and_not_in_all(spread: float) -> None:
    draw = random.Random(20261128)
    covered = 0
    for _ in range(400):
        clusters = []
        for _ in range(12):
            share = min(1.0, max(0.0, 0.5 + draw.choice((-1, 1)) * spread))
            clusters.append((sum(draw.random() < share for _ in range(30)), 30))
        found = clustered(clusters)
        covered += found.low <= 0.5 <= found.high
    assert 360 <= covered < 400
