"""Survival of writes: what was synced survives; of the rest a prefix, perhaps torn. Slow and failing disks."""

import asyncio
import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness.environments.sim.disk import Disk, DiskOptions, Failure
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    FailDisk,
    FillDisk,
    FlipBits,
    Injection,
    Kill,
    PowerLoss,
    SlowDisk,
    Stop,
    TruncateFile,
)
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Append, Replace, Truncate
from splitbrain.harness.random_stream import RandomStream

from .programs import FileWriter, SimStage, play

files = st.sampled_from(["a", "b"])
data = st.binary(max_size=4)
writes = st.one_of(
    st.builds(Append, files, data), st.builds(Replace, files, data), st.builds(Truncate, files, st.integers(0, 6))
)
steps = st.lists(st.one_of(writes, st.just("sync"), st.just("settle")), max_size=20)


def after(done: list) -> dict[str, bytes]:
    """A model of files, written apart from the disk's."""
    state: dict[str, bytes] = {}
    for write in done:
        old = state.get(write.file, b"")
        if isinstance(write, Append):
            state[write.file] = old + write.data
        elif isinstance(write, Replace):
            state[write.file] = write.data
        else:
            state[write.file] = old[: write.length]
    return state


def possible(done: list, certain: int) -> list[dict[str, bytes]]:
    """Every state that a crash may leave, when the first `certain` writes are durable."""
    states = []
    for keep in range(certain, len(done) + 1):
        states.append(after(done[:keep]))
        if keep < len(done) and isinstance(done[keep], Append):
            torn = done[keep]
            states += [after([*done[:keep], Append(torn.file, torn.data[:n])]) for n in range(len(torn.data))]
    return states


@settings(max_examples=300)
@given(steps, st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
def test_a_crash_leaves_what_was_synced_and_a_prefix_of_the_rest(steps: list, seed: int, lose_all: float) -> None:
    kernel = EventQueue()
    disk = Disk(kernel, DiskOptions(lose_all=lose_all), RandomStream(seed, "disk"))
    done: list = []
    certain = 0

    def synced(covered: int):
        def note(errno: int) -> None:
            nonlocal certain
            assert errno == 0
            assert covered >= certain, "syncs end in order"
            certain = covered

        return note

    for step in steps:
        if step == "sync":
            disk.sync(synced(len(done)))
        elif step == "settle":
            kernel.run(2)
        else:
            done.append(step)
            disk.write(step)
    disk.crash()
    assert disk.contents() in possible(done, certain)
    if lose_all == 1.0:
        assert disk.contents() == after(done[:certain])
    before = certain
    kernel.run(100)
    assert certain == before, "a sync that was under way never ends"


def test_every_fate_occurs() -> None:
    fates = set()
    for seed in range(300):
        disk = Disk(EventQueue(), DiskOptions(), RandomStream(seed, "disk"))
        disk.write(Append("a", b"12"))
        disk.write(Append("a", b"34"))
        disk.crash()
        fates.add(disk.contents().get("a", b""))
    assert fates == {b"", b"1", b"12", b"123", b"1234"}


def test_a_failed_sync_tells_its_error_once_and_its_writes_are_in_doubt() -> None:
    fates = set()
    for seed in range(100):
        kernel = EventQueue()
        disk = Disk(kernel, DiskOptions(), RandomStream(seed, "disk"))
        failure = Failure(errno.EIO)
        told: list[int] = []
        disk.write(Append("a", b"1"))
        disk.sync(told.append)
        disk.failing.append(failure)
        kernel.run(1)
        disk.write(Append("a", b"2"))
        disk.failing.remove(failure)
        disk.write(Append("a", b"3"))
        disk.sync(told.append)
        disk.sync(told.append)
        kernel.run(2)
        assert told == [errno.EIO, errno.EIO, 0], "the second for the write that failed"
        assert failure.calls_failed == 2
        disk.crash()
        fates.add(disk.contents().get("a", b""))
    assert fates == {b"", b"1", b"3", b"13"}


def test_acknowledged_after_sync_survives_every_kill() -> None:
    async def scene(stage: SimStage) -> None:
        acknowledged = []
        cut_short = 0
        for round in range(40):
            channel = await stage.n1.connect()
            writing = [asyncio.create_task(channel.request(b"<%d.%d>" % (round, n))) for n in range(3)]
            await asyncio.sleep(0.0001 * round)
            kill = await stage.cluster.inject(Kill(("n1",)))
            answers = await asyncio.gather(*writing, return_exceptions=True)
            acknowledged += [b"<%d.%d>" % (round, n) for n, answer in enumerate(answers) if answer == "durable"]
            cut_short += sum(isinstance(answer, ChannelClosed) for answer in answers)
            assert await kill.heal() == {"processes_killed": 1}
            channel = await stage.n1.connect()
            found = (await channel.request("read")).get("log", b"")
            assert all(record in found for record in acknowledged)
        assert cut_short > 10
        assert len(acknowledged) > 10

    play(FileWriter, scene)


def test_slow_disk_delays_syncs_and_nothing_else() -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        slow = await stage.cluster.inject(SlowDisk(("n1", "n2"), delay_ms=500))
        slower = await stage.cluster.inject(SlowDisk(("n1",), delay_ms=1000))
        before = stage.sim.now()
        write = asyncio.create_task(channel.request(b"x"))
        assert await channel.request("read") == {}
        assert stage.sim.now() - before < 10_000_000, "other requests are handled meanwhile"
        assert await write == "durable"
        assert 1500 <= (stage.sim.now() - before) / 1e6 < 1520
        assert await slow.heal() == {"syncs_delayed": 1}
        before = stage.sim.now()
        await channel.request(b"x")
        assert 1000 <= (stage.sim.now() - before) / 1e6 < 1020
        assert await slower.heal() == {"syncs_delayed": 2}

    play(FileWriter, scene)


def test_failing_disk() -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        fail = await stage.cluster.inject(FailDisk(("n1",), "ENOSPC"))
        assert await channel.request(b"x") == errno.ENOSPC
        assert await fail.heal() == {"calls_failed": 2}
        assert await channel.request(b"y") == "durable"
        with pytest.raises(UsageError, match="EWHAT"):
            await stage.cluster.inject(FailDisk(("n1",), "EWHAT"))

    play(FileWriter, scene)


def test_a_node_that_leaves_because_its_disk_failed_is_started_at_the_heal() -> None:
    class Panics(FileWriter):
        def on_disk_error(self, now, token, errno):
            raise SystemExit("the disk failed")

    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        fail = await stage.cluster.inject(FailDisk(("n1",), "EIO"))
        with pytest.raises(ChannelClosed):
            await channel.request(b"x")
        assert not stage.n1.running
        await fail.heal()
        assert stage.n1.running
        assert stage.cluster.deaths() == (), "it left on purpose"

    play(Panics, scene)


def test_a_node_that_leaves_after_the_heal_is_started_again_soon() -> None:
    class Panics(FileWriter):
        def on_disk_error(self, now, token, errno):
            raise SystemExit("the disk failed")

    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        fail = await stage.cluster.inject(FailDisk(("n1",), "EIO"))
        asking = asyncio.create_task(channel.request(b"x"))
        while (await fail.heal())["calls_failed"] == 0:
            fail = await stage.cluster.inject(FailDisk(("n1",), "EIO"))
            await asyncio.sleep(0.0001)
        with pytest.raises(ChannelClosed):
            await asking
        assert not stage.n1.running
        await asyncio.sleep(1)
        assert stage.n1.running

    play(Panics, scene)


@pytest.mark.parametrize(
    ("injection", "found"),
    [
        (Stop(("n1",)), b"synced unsynced"),
        (PowerLoss(("n1",)), b"synced "),
        (TruncateFile(("n1",), 1, seed=1), None),
        (FlipBits(("n1",), 2, seed=1), None),
        (FlipBits(("n1",), 2, seed=1, files="none", asked=True), b"synced unsynced"),
        (TruncateFile(("n1",), 2, seed=1, files="none", asked=True), b"synced unsynced"),
    ],
)
def test_what_is_left_depends_on_how_a_node_goes_down(injection: Injection, found: bytes | None) -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        assert await channel.request(b"synced ") == "durable"
        await stage.cluster.inject(SlowDisk(("n1",), delay_ms=1000))
        under_way = asyncio.create_task(channel.request(b"unsynced"))
        await asyncio.sleep(0.5)
        down = await stage.cluster.inject(injection)
        assert not stage.n1.running
        with pytest.raises(ChannelClosed):
            await under_way
        bite = await down.heal()
        log = (await (await stage.n1.connect()).request("read"))["log"]
        if found is not None:
            assert log == found
        elif isinstance(injection, TruncateFile):
            assert bite == {"bytes_cut": 1} and b"synced unsynced".startswith(log)
        else:
            wrong = [a ^ b for a, b in zip(log, b"synced unsynced", strict=False) if a != b]
            assert bite == {"bits_flipped": 2} and sum(byte.bit_count() for byte in wrong) == 2

    for seed in range(5):
        play(FileWriter, scene, seed)


def test_a_disk_that_fills_up_takes_what_fits() -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        full = await stage.cluster.inject(FillDisk(("n1", "n2"), room_kb=1))
        assert await channel.request(b"x" * 1000) == "durable"
        assert await channel.request(b"x" * 1000) == errno.ENOSPC
        assert await channel.request(b"x" * 24) == "durable"
        assert await full.heal() == {"disks_filled": 1}
        assert await channel.request(b"x" * 1000) == "durable"

    play(FileWriter, scene)


def test_a_loop_of_restarts_ends_with_its_heal() -> None:
    async def scene(stage: SimStage) -> None:
        loop = await stage.cluster.inject(Kill(("n1",), restarts=3, down_ms=100, up_ms=200))
        up = []
        for _ in range(12):
            await asyncio.sleep(0.05)
            up.append(stage.n1.running)
            await asyncio.sleep(0.05)
        assert up == [False, True, True] * 3 + [False] * 3
        assert await loop.heal() == {"processes_killed": 4}
        loop = await stage.cluster.inject(Kill(("n1",), restarts=1000, down_ms=100, up_ms=200))
        await asyncio.sleep(1)
        await loop.heal()
        for _ in range(10):
            await asyncio.sleep(0.1)
            assert stage.n1.running

    play(FileWriter, scene)
