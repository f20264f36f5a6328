"""Pace of operations: times, rates, durations."""

from itertools import pairwise
from statistics import fmean

import pytest

from splitbrain.harness.generator import (
    SECOND,
    delay,
    limit,
    mix,
    per_thread,
    process_limit,
    rate,
    repeat,
    simulate,
    sleep,
    stagger,
    then,
    time_limit,
)  # fmt: skip
from splitbrain.harness.operation import EventType, Operation

A, B = (repeat(Operation(f)) for f in "ab")


@pytest.mark.parametrize("concurrency", [1, 4, 20])
@pytest.mark.parametrize("latency_ms", [1.0, 20.0])
def test_the_rate_asked_for_is_the_rate_that_comes(concurrency, latency_ms):
    moments = simulate(rate(20.0, A), concurrency=concurrency, latency_ms=latency_ms, seconds=200.0)
    assert len(moments) == pytest.approx(4000, rel=0.06)


def test_gaps_are_those_of_a_poisson_process():
    times = [m.time / SECOND for m in simulate(rate(10.0, A), concurrency=1, seconds=1000.0)]
    gaps = [b - a for a, b in pairwise(times)]
    mean = fmean(gaps)
    assert mean == pytest.approx(0.1, rel=0.05)
    assert fmean((gap - mean) ** 2 for gap in gaps) ** 0.5 == pytest.approx(mean, rel=0.05)


def test_who_cannot_keep_pace_goes_as_fast_as_it_can():
    moments = simulate(rate(10.0, A), concurrency=1, latency_ms=5000.0, seconds=100.0)
    assert min(b.time - a.time for a, b in pairwise(moments)) >= 5 * SECOND
    assert len(moments) == 20


def test_pace_changes_when_but_not_what():
    what = [m.operation.f for m in simulate(limit(50, mix(A, B)), concurrency=1)]
    assert what == [m.operation.f for m in simulate(limit(50, rate(7.0, mix(A, B))), concurrency=1)]


def test_gaps_do_not_depend_on_how_long_operations_take():
    quick, slow = (
        [m.time for m in simulate(rate(1.0, A), concurrency=1, latency_ms=ms, seconds=50.0)] for ms in (1.0, 2.0)
    )
    assert quick == slow


def test_stagger_is_the_inverse_and_none_is_as_fast_as_they_go():
    assert simulate(stagger(0.1, A), seconds=5.0) == simulate(rate(10.0, A), seconds=5.0)
    assert rate(0, A) is A
    assert stagger(0, A) is A


def test_delay_keeps_invocations_apart():
    moments = simulate(delay(0.5, A), concurrency=2, seconds=2.0)
    assert [m.time for m in moments if m.thread == 1] == [0, SECOND // 2, SECOND, 3 * SECOND // 2]


def test_sleep_is_each_thread_s_own():
    moments = simulate(then(per_thread(limit(1, A)), sleep(2.0), limit(2, B)), concurrency=2)
    assert [(m.time, m.operation.f) for m in moments][2:] == [(2_001_000_000, "b")] * 2


def test_a_time_limit_counts_from_the_first_question():
    moments = simulate(then(sleep(1.0), time_limit(0.5, delay(0.1, A)), limit(1, B)), concurrency=1)
    assert [round(m.time / SECOND, 1) for m in moments] == [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    assert moments[-1].operation.f == "b"


def test_a_time_limit_wakes_those_that_sleep_beyond_it():
    assert simulate(then(time_limit(1.0, sleep(99.0)), limit(1, A)), concurrency=1)[0].time == SECOND


def test_a_limit_is_over_all_threads():
    assert len(simulate(limit(7, A), concurrency=3)) == 7
    assert len(simulate(per_thread(limit(7, A)), concurrency=3)) == 21


def test_a_process_limit_bounds_how_many_may_crash():
    moments = simulate(process_limit(5, A), concurrency=2, ends=lambda moment: EventType.INFO)
    assert len(moments) == 5
