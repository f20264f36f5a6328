"""What the soak says of samples whose answer is known."""

import pytest
from soak import Sample, parts, slope, slower

STEADY = [Sample(10.0 * cpu, cpu, 100.0 + cpu) for cpu in range(100)]


def test_a_steady_run_is_not_slower_and_its_memory_grows_evenly() -> None:
    assert slower(STEADY, 1000) == pytest.approx(0)
    assert slope(STEADY) == pytest.approx(100)
    assert len(parts(STEADY, 1000)) == 10


def test_a_second_half_that_takes_twice_as_long_is_half_as_fast() -> None:
    later = [Sample(500 + 5.0 * cpu, 50 + cpu, 100.0) for cpu in range(100)]
    assert slower([*STEADY[:50], *later], 1000) == pytest.approx(0.5)
