"""Choice of the generator that goes next."""

from collections import Counter

from splitbrain.harness.generator import (
    alternate,
    any_of,
    limit,
    mix,
    nothing,
    once,
    per_thread,
    repeat,
    simulate,
    sleep,
    then,
    weighted,
)  # fmt: skip
from splitbrain.harness.operation import Operation

A, B, C = (repeat(Operation(f)) for f in "abc")


def counts(moments) -> Counter[str]:
    return Counter(m.operation.f for m in moments)


def test_mix_takes_each_equally_often():
    found = counts(simulate(mix(A, B, C), seconds=1.0))
    assert found.total() == 3000
    assert all(900 < found[f] < 1100 for f in "abc")


def test_weights_are_kept():
    found = counts(simulate(weighted((3, A), (1, B), (0, C)), seconds=1.0))
    assert 2150 < found["a"] < 2350
    assert found["c"] == 0


def test_what_is_done_is_left_out():
    found = counts(simulate(mix(limit(5, A), nothing(), B), seconds=0.1))
    assert found["a"] == 5
    assert found["b"] == 295


def test_a_mix_of_what_ends_ends():
    assert counts(simulate(mix(limit(5, A), limit(6, B)))) == {"a": 5, "b": 6}


def test_threads_choose_independently():
    moments = simulate(mix(A, B), concurrency=2, seconds=0.1)
    chosen = [[m.operation.f for m in moments if m.thread == thread] for thread in (0, 1)]
    assert chosen[0] != chosen[1]


def test_alternate_takes_turns_in_each_thread():
    moments = simulate(per_thread(limit(5, alternate(A, B))), concurrency=2)
    for thread in (0, 1):
        assert "".join(m.operation.f for m in moments if m.thread == thread) == "ababa"


def test_any_of_takes_whoever_has_something_now():
    late = then(sleep(1.0), once(Operation("late")))
    moments = simulate(any_of(late, limit(2, A)), concurrency=1)
    assert [(m.time, m.operation.f) for m in moments] == [(0, "a"), (1_000_000, "a"), (1_000_000_000, "late")]
