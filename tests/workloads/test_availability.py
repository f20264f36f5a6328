"""Workload `availability`: keys that all sides share, keys that are written once, and final reads through each node."""

from collections import Counter
from itertools import pairwise

from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.history import Event, History
from splitbrain.harness.options import settle
from splitbrain.workloads.availability import AVAILABILITY, ONCE, ONCE_READ_MAX, SHARED
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=20, nodes=5, rate=100.0)
SETTINGS = settle(AVAILABILITY.options, {}, "availability")


def moments() -> list[Moment]:
    main = AVAILABILITY.main(SIZE, SETTINGS)
    return simulate(main, concurrency=SIZE.concurrency, latency_ms=20.0, seconds=5.0, operations=3000)


def test_every_node_reads_and_writes_the_same_keys_and_some_threads_only_read() -> None:
    writes: dict[int, set[object]] = {node: set() for node in range(SIZE.nodes)}
    reads: dict[int, set[object]] = {node: set() for node in range(SIZE.nodes)}
    by_thread: dict[int, Counter[str]] = {}
    for moment in moments():
        by_thread.setdefault(moment.thread, Counter())[moment.operation.f] += 1
        of = writes if moment.operation.f == "write" else reads
        of[moment.thread % SIZE.nodes].add(moment.operation.key)
    shared = {f"{SHARED}{number}" for number in range(6)}
    for node in range(SIZE.nodes):
        assert reads[node] == shared
        assert writes[node] > shared
        only_reading = [thread for thread, fs in by_thread.items() if thread % SIZE.nodes == node and not fs["write"]]
        assert len(only_reading) == 2


def test_values_and_keys_of_their_own_are_written_once() -> None:
    written = [moment.operation for moment in moments() if moment.operation.f == "write"]
    assert max(Counter(operation.value for operation in written).values()) == 1
    once = [operation.key for operation in written if operation.key.startswith(ONCE)]
    assert len(once) == len(set(once)) > 20


def test_each_key_is_read_through_each_node_twice_once_copies_have_settled() -> None:
    keys = [f"{SHARED}0", f"{SHARED}1", *(f"{ONCE}{number}" for number in range(ONCE_READ_MAX + 5))]
    history = History.of(
        Event(index=number, time=number, process=number, type="invoke", f="write", key=key, value=number)
        for number, key in enumerate(keys)
    )
    final = AVAILABILITY.final(SIZE, SETTINGS, history)
    assert final is not None
    found = simulate(final, concurrency=SIZE.concurrency)
    assert min(moment.time for moment in found) == 3_000_000_000
    expected = Counter((node, key) for node in range(SIZE.nodes) for key in (*keys[:2], *keys[-ONCE_READ_MAX:]))
    assert Counter((moment.thread, moment.operation.key) for moment in found) == expected + expected
    first = sorted(moment.time for moment in found if moment.thread == 0)
    assert max(after - before for before, after in pairwise(first)) >= 1_000_000_000
