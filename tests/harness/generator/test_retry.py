"""Operations that are tried until they succeed."""

from splitbrain.harness.generator import Moment, each_until_ok, simulate
from splitbrain.harness.operation import EventType, Operation

READS = [Operation("read", None, key) for key in "abc"]


def tried(fails: int, patience_s: float = 30.0) -> list[Moment]:
    """The operations of one thread when each fails so often before it succeeds."""
    failed: dict[object, int] = {}

    def ends(moment: Moment) -> EventType:
        failed[moment.operation.key] = failed.get(moment.operation.key, 0) + 1
        return EventType.OK if failed[moment.operation.key] > fails else EventType.FAIL

    generator = each_until_ok(READS, pause_s=0.5, patience_s=patience_s)
    return simulate(generator, concurrency=1, latency_ms=10.0, ends=ends)


def test_each_is_tried_until_it_succeeds_and_never_again() -> None:
    assert [moment.operation.key for moment in tried(0)] == ["a", "b", "c"]
    assert [moment.operation.key for moment in tried(2)] == [*"aaa", *"bbb", *"ccc"]


def test_a_failure_is_followed_by_a_pause() -> None:
    began = [moment.time for moment in tried(1)]
    assert began[1] - began[0] >= 500_000_000
    assert began[2] - began[1] < 500_000_000


def test_patience_ends() -> None:
    assert 8 <= len(tried(1000, patience_s=5.0)) <= 11


def test_every_thread_has_all_of_them() -> None:
    moments = simulate(each_until_ok(READS), concurrency=3, latency_ms=10.0)
    assert sorted((moment.thread, moment.operation.key) for moment in moments) == [
        (thread, key) for thread in range(3) for key in "abc"
    ]
