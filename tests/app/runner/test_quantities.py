"""Durations, sizes and budgets as users write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.budget import Budget
from splitbrain.runner.quantities import parse_budget, parse_size, shown_budget

GIB = 1 << 30


@pytest.mark.parametrize(
    ("given", "budget"),
    [
        (30, Budget(30)),
        (0.5, Budget(0.5)),
        ("30", Budget(30)),
        ("2m", Budget(120)),
        ("2M", Budget(configurations=2_000_000)),
        ("60s,2GiB,20M", Budget(60, 20_000_000, 2 * GIB)),
        ("500k, 100MB", Budget(configurations=500_000, bytes=100_000_000)),
        ("5s,7B,9c", Budget(5, 9, 7)),
        (Budget(1, 2, 3), Budget(1, 2, 3)),
    ],
)
def test_budgets(given, budget):
    assert parse_budget(given) == budget


@pytest.mark.parametrize(
    "given", ["", "0", "-5s", "60s,30s", "2GiB,1GiB", "1x", "60s,", "inf", "nan", "0M", "0GiB", "1e30M"]
)
def test_what_is_no_budget(given):
    with pytest.raises(ValueError):
        parse_budget(given)


@given(st.builds(Budget, st.floats(0.001, 1e6), st.integers(1, 10**12), st.integers(1, 1 << 40)))
def test_a_budget_is_read_as_it_is_shown(budget):
    read = parse_budget(shown_budget(budget))
    assert (read.configurations, read.bytes) == (budget.configurations, budget.bytes)
    assert read.seconds == pytest.approx(budget.seconds, rel=1e-12)


def test_sizes():
    assert [parse_size(text) for text in ("1", "2KiB", "1.5GiB", "3MB", "2gib")] == [
        1,
        2048,
        3 * GIB // 2,
        3_000_000,
        2 * GIB,
    ]
