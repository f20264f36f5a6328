"""Division of operations among threads."""

from collections import Counter

from splitbrain.harness.generator import (
    deal,
    limit,
    on_threads,
    per_process,
    per_thread,
    phases,
    rate,
    repeat,
    reserve,
    sequence,
    simulate,
)  # fmt: skip
from splitbrain.harness.operation import EventType, Operation

A, B, C = (repeat(Operation(f)) for f in "abc")
LIST = sequence([Operation("a"), Operation("b"), Operation("c")])


def words(moments) -> dict[int, str]:
    found: dict[int, str] = {}
    for m in moments:
        found[m.thread] = found.get(m.thread, "") + m.operation.f
    return found


def test_per_thread_each_has_its_own():
    assert words(simulate(per_thread(LIST), concurrency=3)) == {0: "abc", 1: "abc", 2: "abc"}


def test_per_thread_goes_on_after_a_crash_and_per_process_begins_anew():
    ends = lambda moment: EventType.INFO if moment.operation.f == "b" else EventType.OK  # noqa: E731
    assert words(simulate(per_thread(LIST), concurrency=1, ends=ends)) == {0: "abc"}
    assert words(simulate(limit(7, per_process(LIST)), concurrency=1, ends=ends)) == {0: "abababa"}


def test_on_threads_leaves_the_others_out():
    assert words(simulate(on_threads([0, 2], limit(4, A)), concurrency=4)) == {0: "aa", 2: "aa"}
    assert words(simulate(on_threads(lambda thread: thread > 2, limit(4, A)), concurrency=4)) == {3: "aaaa"}


def test_on_threads_is_a_world_of_its_own():
    """Barriers, shares and rates among the chosen threads alone."""
    inner = phases(per_thread(limit(2, A)), deal([Operation("b"), Operation("b")]))
    assert words(simulate(on_threads([1, 3], inner), concurrency=5)) == {1: "aab", 3: "aab"}
    moments = simulate(on_threads([1], rate(10.0, A)), concurrency=10, seconds=100.0)
    assert 900 < len(moments) < 1100


def test_reserve_shares_threads_out():
    generator = reserve((2, limit(4, A)), (1, limit(4, B)), rest=limit(4, C))
    assert words(simulate(generator, concurrency=5)) == {0: "aa", 1: "aa", 2: "bbbb", 3: "cc", 4: "cc"}


def test_reserve_within_reserve():
    inner = reserve((1, A), rest=B)
    moments = simulate(reserve((1, C), rest=inner), concurrency=4, seconds=0.01)
    assert {thread: set(word) for thread, word in words(moments).items()} == {0: {"c"}, 1: {"a"}, 2: {"b"}, 3: {"b"}}


def test_reserve_with_fewer_threads_than_shares():
    moments = simulate(reserve((2, A), (2, B), rest=C), concurrency=3, seconds=0.01)
    assert Counter(m.operation.f for m in moments) == {"a": 20, "b": 10}
