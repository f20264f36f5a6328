"""Order of generators."""

import pytest

from splitbrain.harness.generator import (
    calls,
    cycle,
    delay,
    limit,
    on_threads,
    once,
    per_thread,
    phases,
    rate,
    repeat,
    sequence,
    simulate,
    sleep,
    then,
    time_limit,
    until_ok,
)  # fmt: skip
from splitbrain.harness.operation import EventType, Operation

A, B, C = (repeat(Operation(f)) for f in "abc")


def word(moments) -> str:
    return "".join(m.operation.f for m in moments)


def test_then_lets_each_thread_go_on_alone():
    first = on_threads([0], limit(5, A))
    moments = simulate(then(first, per_thread(limit(1, B))), concurrency=2)
    assert word(m for m in moments if m.thread == 1) == "b"
    assert word(m for m in moments if m.thread == 0) == "aaaaab"
    assert moments[1].operation.f == "b"


def test_phases_wait_for_everyone():
    first = on_threads([0], limit(5, A))
    moments = simulate(phases(first, per_thread(limit(1, B)), per_thread(limit(2, C))), concurrency=3)
    assert word(moments) == "aaaaa" + "bbb" + "cccccc"
    assert {m.time for m in moments if m.operation.f == "b"} == {5_000_000}


def test_phases_begin_when_the_last_operation_has_ended():
    moments = simulate(phases(delay(0.001, limit(4, A)), limit(3, B)), concurrency=3, latency_ms=50.0)
    assert min(m.time for m in moments if m.operation.f == "b") == max(m.time for m in moments[:4]) + 50_000_000


def test_a_barrier_within_a_time_limit_still_opens_early():
    inner = phases(on_threads([0], limit(3, A)), per_thread(limit(1, B)))
    moments = simulate(time_limit(10.0, inner), concurrency=3)
    assert word(moments) == "aaabbb"
    assert {m.time for m in moments if m.operation.f == "b"} == {3_000_000}


def test_a_barrier_that_opens_when_nothing_ended_wakes_those_that_wait():
    moments = simulate(phases(on_threads([2], sleep(1.0)), on_threads([0], once(Operation("b")))), concurrency=3)
    assert [(m.time, m.thread) for m in moments] == [(1_000_000_000, 0)]


def test_cycle_begins_again():
    moments = simulate(cycle(sequence([Operation("a"), Operation("b")]), 3), concurrency=1)
    assert word(moments) == "ababab"


@pytest.mark.parametrize("concurrency", [1, 2, 3, 7])
def test_cycle_of_a_shared_list_is_shared_in_every_round(concurrency):
    moments = simulate(cycle(sequence([Operation("a"), Operation("b")]), 5), concurrency=concurrency)
    assert word(moments) == "ab" * 5
    assert len(simulate(cycle(once(Operation("a"))), concurrency=concurrency, operations=500)) == 500


def test_cycle_of_phases_keeps_their_barriers():
    moments = simulate(cycle(phases(limit(2, A), limit(1, B)), 4), concurrency=2)
    assert word(moments) == "aab" * 4


def test_a_cycle_of_nothing_ends():
    assert simulate(cycle(limit(0, A))) == []
    assert simulate(cycle(calls(lambda context: None))) == []
    assert simulate(cycle(A, 0)) == []


def test_until_ok_ends_with_the_first_success():
    attempts = []

    def ends(moment):
        attempts.append(moment)
        return EventType.OK if len(attempts) == 4 else EventType.FAIL

    moments = simulate(then(until_ok(A), per_thread(limit(1, B))), concurrency=1, ends=ends)
    assert word(moments) == "aaaab"


def test_until_ok_takes_no_notice_of_other_operations():
    ends = lambda moment: EventType.FAIL if moment.operation.f == "a" else EventType.OK  # noqa: E731
    both = then(on_threads([0], limit(3, B)), until_ok(A))
    assert word(simulate(both, concurrency=2, ends=ends, operations=50)).count("a") == 47


def test_until_ok_wakes_those_that_were_to_wait_longer():
    moments = simulate(then(until_ok(rate(0.5, A)), per_thread(limit(1, B))), concurrency=5, seconds=1000.0)
    ended = moments[0].time + 1_000_000
    assert word(moments) == "abbbbb"
    assert {m.time for m in moments[1:]} == {ended}
