"""Minimization of lists."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.shrinking.minimize import minimize


@given(st.sets(st.integers(0, 60)), st.integers(0, 61))
def test_what_is_needed_stays_and_nothing_else(needed, size):
    items = list(range(max(size, *needed, 0) + 1))
    assert minimize(items, lambda kept: needed <= set(kept)) == sorted(needed)
