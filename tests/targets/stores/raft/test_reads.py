"""Knowledge of a leader before it answers a read: by index, by lease, and what a wrong clock does to a lease."""

import asyncio

import pytest

from splitbrain.harness.injection import SkewAllClocks
from splitbrain.harness.operation import EventType

from ..contract import SimArm, StoreStage, play
from .bench import FIVE, RaftBench


def elected(reads: str) -> RaftBench:
    """Five servers, of which s1 leads, with its first entry committed."""
    bench = RaftBench(FIVE, reads=reads)
    bench.elect("s1", "s2", "s3")
    bench.settle()
    bench.heartbeat("s1", *FIVE)
    return bench


def test_a_read_by_index_waits_for_a_round_begun_after_it() -> None:
    bench = elected("index")
    bench.fire("s1", "heartbeat")
    early = list(bench.flights)
    bench.flights.clear()
    read = bench.read("s1")
    bench.flights = early
    bench.settle()
    assert read not in bench.replies  # those answers show that it led before the read, not now
    bench.heartbeat("s1", *FIVE)
    assert bench.replies[read].error is None


def test_a_new_leader_answers_no_read_before_an_entry_of_its_term_is_committed() -> None:
    bench = elected("index")
    bench.write("s1", 1)
    bench.settle()
    bench.elect("s2", "s3", "s4")
    read = bench.read("s2")
    for follower in ("s3", "s4", "s3", "s4"):
        position = next(i for i, flight in enumerate(bench.flights) if flight.to == follower)
        bench.deliver(position)
    # The round is confirmed at once, but the first entry is on nobody's disk.
    bench.drop(lambda flight: flight.to != "s2")
    while bench.flights:
        bench.deliver()
    assert bench.program("s2").replication.confirmed > 0
    assert read not in bench.replies
    bench.heartbeat("s2", *FIVE)
    assert bench.replies[read].value == 1


def test_a_read_of_a_leader_that_was_replaced_is_refused() -> None:
    bench = elected("index")
    read = bench.read("s1")
    bench.flights.clear()
    bench.elect("s2", "s3", "s4")
    bench.heartbeat("s2", *FIVE)
    assert bench.replies[read].error == "no-leader"


def test_a_lease_ends_before_anybody_can_be_elected() -> None:
    bench = elected("lease")
    assert bench.settings.lease < bench.settings.election_min
    bench.wait(100)
    assert bench.replies[bench.read("s1")].error is None
    bench.wait(50)
    late = bench.read("s1")
    assert late not in bench.replies


@pytest.mark.parametrize(
    ("skew", "stale"),
    [
        ({"offset_ms": 60_000.0}, False),
        ({"offset_ms": -60_000.0}, False),
        ({"rate": 0.25}, False),
        ({"rate": 0.25, "monotonic_rate": 0.25}, True),
    ],
    ids=["ahead", "behind", "slow wall clock", "slow monotonic clock"],
)
def test_a_lease_rests_on_the_rate_of_the_monotonic_clock(skew: dict[str, float], stale: bool) -> None:
    """A leader whose clock is wrong and that is cut off; a new one is elected and a write acknowledged there. Whether
    the old one still answers reads from old state depends on its clock."""
    stale_reads = 0

    async def story(stage: StoreStage) -> None:
        nonlocal stale_reads
        leader = await stage.leader()
        await stage.ask(leader, "write", "x", "old")
        await stage.cluster.inject(SkewAllClocks(leader, **skew))
        await asyncio.sleep(0.04)
        await stage.isolate(leader)
        rest = stage.others(leader)
        successor = await stage.leader(rest)
        assert (await stage.insist(successor, "write", "x", "new")).type is EventType.OK
        for _ in range(20):
            read = await stage.ask(leader, "read", "x", seconds=0.1)
            stale_reads += read.type is EventType.OK and read.value == "old"
        assert (await stage.insist(successor, "read", "x")).value == "new"

    for seed in range(5):
        play(SimArm(), "raft:reads=lease", story, nodes=5, seed=seed)
    assert bool(stale_reads) is stale
