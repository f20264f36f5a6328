"""Operations of the workloads: which there are, which thread is given which, and the same ones for the same seed."""

from collections import Counter

import pytest

from splitbrain import registry
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType
from splitbrain.harness.options import settle
from splitbrain.workloads.lock import lock_of
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=10, nodes=5, rate=100.0)


def moments(name: str, size: Size = SIZE, **settings: str) -> list[Moment]:
    workload = registry.workload(name)
    main = workload.main(size, settle(workload.options, settings, name))
    return simulate(main, concurrency=size.concurrency, latency_ms=20.0, seconds=5.0, operations=2000)


@pytest.mark.parametrize("name", registry.WORKLOADS)
def test_a_workload_asks_only_for_what_it_says(name: str) -> None:
    workload = registry.workload(name)
    assert workload.name == name
    asked = {moment.operation.f for moment in moments(name)}
    assert asked <= workload.operations.keys()
    assert len(workload.checkers(settle(workload.options, {}, name))) >= 1


@pytest.mark.parametrize("name", registry.WORKLOADS)
def test_the_same_seed_gives_the_same_operations(name: str) -> None:
    assert moments(name) == moments(name)


@pytest.mark.parametrize("name", ["set", "list", "watch"])
def test_what_is_written_is_unique(name: str) -> None:
    written = Counter(m.operation.value for m in moments(name) if m.operation.f in ("add", "append", "write"))
    assert len(written) > 100
    assert max(written.values()) == 1


@pytest.mark.parametrize(("name", "aborted"), [("batched-log", 0.0), ("transactional-log", 0.4)])
def test_messages_of_batches_are_unique_and_some_are_aborted(name: str, aborted: float) -> None:
    settings = {"batch": "3", **({"abort_share": "0.4"} if aborted else {})}
    batches = [m.operation for m in moments(name, SIZE, **settings) if m.operation.f != "poll"]
    messages = Counter(message for operation in batches for message in operation.value)
    assert {len(operation.value) for operation in batches} == {3}
    assert max(messages.values()) == 1
    share = sum(operation.f == "send-aborted" for operation in batches) / len(batches)
    assert aborted / 2 <= share <= aborted * 1.5


@pytest.mark.parametrize(("name", "f"), [("set", "read"), ("counter", "read"), ("watch", "drain")])
def test_final_operations_are_tried_until_they_succeed(name: str, f: str) -> None:
    workload = registry.workload(name)
    final = workload.final(SIZE, settle(workload.options, {}, name), History())
    assert final is not None
    tries: Counter[int] = Counter()

    def ends(moment: Moment) -> EventType:
        tries[moment.thread] += 1
        return EventType.OK if tries[moment.thread] == 3 else EventType.FAIL

    asked = simulate(final, concurrency=10, ends=ends)
    assert {moment.operation.f for moment in asked} == {f}
    assert sorted(tries.values()) == [3] * 5


def test_a_lock_is_acquired_before_it_is_held() -> None:
    own = [moment.operation for moment in moments("lock", hold_seconds="0.5") if moment.thread == 3]
    assert [operation.f for operation in own[:6]] == ["acquire", "use", "hold", "use", "release", "acquire"]
    assert {operation.key for operation in own} == {"lock0"}
    assert own[2].value == 0.5


@pytest.mark.parametrize(("locks", "concurrency", "nodes"), [(2, 4, 2), (5, 20, 5), (5, 10, 5), (3, 7, 5), (4, 40, 3)])
def test_rivals_for_a_lock_are_at_different_nodes(locks: int, concurrency: int, nodes: int) -> None:
    rivals: dict[str, list[int]] = {}
    for thread in range(concurrency):
        rivals.setdefault(lock_of(thread, locks, concurrency), []).append(thread % nodes)
    assert len(rivals) == locks
    assert all(len(set(at)) == min(nodes, len(at)) >= 2 for at in rivals.values())


def test_too_few_clients_for_the_locks() -> None:
    with pytest.raises(UsageError, match="3 locks need at least 6 clients"):
        moments("lock", Size(concurrency=5, nodes=5, rate=100.0), locks="3")


def test_half_of_the_clients_watch_at_most() -> None:
    watching = {m.thread for m in moments("watch", Size(concurrency=6, nodes=5, rate=0.0)) if m.operation.f == "watch"}
    assert watching == {3, 4, 5}
    with pytest.raises(UsageError, match="at least one must watch, and one write"):
        moments("watch", watchers="10")
