"""Failure detectors: false alarms and patience, with a fixed timeout and with phi."""

from itertools import pairwise
from statistics import NormalDist

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.detectors import heard, patience_of_phi, silences


def test_each_silence_beyond_the_timeout_is_an_alarm() -> None:
    times = [float(number) for number in range(1000)]
    times[500:] = [time + 5 for time in times[500:]]
    alarms, waits = silences(times, lambda gaps: 3.0)
    assert alarms == 1 and set(waits) == {3.0}
    assert silences(times, lambda gaps: 7.0)[0] == 0


def test_phi_is_the_logarithm_of_the_chance_of_such_a_silence() -> None:
    gaps = [90.0, 110.0] * 50
    patience = patience_of_phi(3)(gaps)
    assert 1 - NormalDist(100, 10).cdf(patience) == pytest.approx(1e-3, rel=1e-6)


def test_heartbeats_are_heard_in_order_and_some_late() -> None:
    times = heard(2000, RandomStream(1, "beats"))
    assert list(times) == sorted(times)
    gaps = [after - before for before, after in pairwise(times)]
    assert sum(gaps) / len(gaps) == pytest.approx(100, rel=0.01)
    assert any(gap > 150 for gap in gaps)
