"""Clocks that lie as told, timers that follow the monotonic one, and a bite that is what a node saw."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.environments.sim.clock import SimClock, Skew
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Pause, SkewAllClocks, SkewClock
from splitbrain.harness.program import Effects, Now, Reply, SetTimer

from .programs import Quiet, SimStage, play

SECOND = 10**9


class ClockReader(Quiet):
    """A program that tells the time; `set` sets a timer of one second, and `rang` keeps its monotonic times."""

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.rang: list[int] = []

    def on_request(self, now: Now, request: int, message) -> Effects:
        if message == "set":
            return [SetTimer("alarm", SECOND), Reply(request, now)]
        return [Reply(request, now)]

    def on_timer(self, now: Now, name: str) -> Effects:
        self.rang.append(now.monotonic)
        return ()


async def ask(stage: SimStage, message="time", node="n1") -> tuple[int, Now]:
    """(true time of the answer's making, what the node's clocks showed), by a node that answers at once."""
    channel = await next(n for n in stage.cluster.nodes if n.name == node).connect()
    before = stage.sim.now()
    now = await channel.request(message)
    return before, now


def wall_error_ms(stage: SimStage, before: int, now: Now) -> float:
    return (now.wall - 1_767_225_600 * SECOND - before) / 1e6


def test_clocks_are_true_and_of_different_origin() -> None:
    async def scene(stage: SimStage) -> None:
        origins = set()
        for node in ("n1", "n2", "n3"):
            before, now = await ask(stage, node=node)
            assert 0 <= wall_error_ms(stage, before, now) < 5
            origins.add((now.monotonic - stage.sim.now()) // SECOND)
        assert len(origins) == 3

    play(ClockReader, scene)


def test_offset_and_heal() -> None:
    async def scene(stage: SimStage) -> None:
        skew = await stage.cluster.inject(SkewClock("n1", offset_ms=-30_000))
        _, first = await ask(stage)
        before, now = await ask(stage)
        assert -30_000 <= wall_error_ms(stage, before, now) < -29_990
        assert 0 < now.monotonic - first.monotonic < 20_000_000, "the monotonic clock has not moved"
        before, now = await ask(stage, node="n2")
        assert abs(wall_error_ms(stage, before, now)) < 5
        assert await skew.heal() == {"skew_ms": 30_000, "clock_reads": 1}
        before, now = await ask(stage)
        assert abs(wall_error_ms(stage, before, now)) < 5

    play(ClockReader, scene)


def test_an_unseen_skew_did_not_bite() -> None:
    async def scene(stage: SimStage) -> None:
        skew = await stage.cluster.inject(SkewClock("n1", offset_ms=5000))
        await asyncio.sleep(10)
        assert await skew.heal() == {"skew_ms": 0, "clock_reads": 0}

    play(ClockReader, scene)


def test_a_program_that_works_and_never_looks_at_its_wall_clock_is_told_apart() -> None:
    class Blind(ClockReader):
        def on_request(self, now: Now, request: int, message) -> Effects:
            return [Reply(request, now.monotonic)]

    async def scene(stage: SimStage) -> None:
        skew = await stage.cluster.inject(SkewClock("n1", offset_ms=5000))
        both = await stage.cluster.inject(SkewAllClocks("n1", offset_ms=5000))
        await ask(stage)
        assert await skew.heal() == {"skew_ms": 5000, "clock_reads": 0}
        assert await both.heal() == {"skew_ms": 5000}

    play(Blind, scene)


def test_rate_drifts() -> None:
    async def scene(stage: SimStage) -> None:
        skew = await stage.cluster.inject(SkewClock("n1", rate=1.5))
        await asyncio.sleep(10)
        before, now = await ask(stage)
        assert 5000 <= wall_error_ms(stage, before, now) < 5010
        bite = await skew.heal()
        assert 5000 <= bite["skew_ms"] < 5010

    play(ClockReader, scene)


def test_overlapping_skews_add_up_and_heal_alone() -> None:
    async def scene(stage: SimStage) -> None:
        first = await stage.cluster.inject(SkewClock("n1", offset_ms=1000))
        second = await stage.cluster.inject(SkewClock("n1", offset_ms=-5000))
        before, now = await ask(stage)
        assert -4000 <= wall_error_ms(stage, before, now) < -3990
        assert await first.heal() == {"skew_ms": 1000, "clock_reads": 1}
        before, now = await ask(stage)
        assert -5000 <= wall_error_ms(stage, before, now) < -4990
        assert await second.heal() == {"skew_ms": 5000, "clock_reads": 2}

    play(ClockReader, scene)


@pytest.mark.parametrize(("rate", "seconds"), [(2.0, 0.5), (0.5, 2.0), (1.0, 1.0), (0.3, 1 / 0.3)])
def test_timers_run_on_the_monotonic_clock(rate: float, seconds: float) -> None:
    async def scene(stage: SimStage) -> None:
        await stage.cluster.inject(SkewAllClocks("n1", monotonic_rate=rate))
        before, asked = await ask(stage, "set")
        await asyncio.sleep(seconds - 0.01)
        assert stage.programs["n1"].rang == []
        await asyncio.sleep(0.02)
        (rang,) = stage.programs["n1"].rang
        assert asked.monotonic + SECOND <= rang <= asked.monotonic + SECOND + 2
        assert before < stage.sim.now()

    play(ClockReader, scene)


def test_running_timers_are_planned_anew_when_the_rate_changes() -> None:
    async def scene(stage: SimStage) -> None:
        _, asked = await ask(stage, "set")
        await asyncio.sleep(0.5)
        skew = await stage.cluster.inject(SkewAllClocks("n1", monotonic_rate=10.0))
        await asyncio.sleep(0.06)
        (rang,) = stage.programs["n1"].rang
        assert asked.monotonic + SECOND <= rang <= asked.monotonic + SECOND + 100
        _, asked = await ask(stage, "set")
        assert (await skew.heal())["skew_ms"] > 400
        await asyncio.sleep(0.9)
        assert len(stage.programs["n1"].rang) == 1, "the rate is true again"
        await asyncio.sleep(0.1)
        assert len(stage.programs["n1"].rang) == 2

    play(ClockReader, scene)


def test_a_timer_that_was_due_while_its_node_was_paused_rings_once_when_it_goes_on() -> None:
    async def scene(stage: SimStage) -> None:
        await ask(stage, "set")
        pause = await stage.cluster.inject(Pause(("n1",)))
        await asyncio.sleep(2)
        skew = await stage.cluster.inject(SkewAllClocks("n1", monotonic_rate=0.1))
        await asyncio.sleep(1)
        await skew.heal()
        assert stage.programs["n1"].rang == []
        await pause.heal()
        await asyncio.sleep(0.00001)
        assert len(stage.programs["n1"].rang) == 1
        await asyncio.sleep(10)
        assert len(stage.programs["n1"].rang) == 1

    play(ClockReader, scene)


def test_the_monotonic_clock_never_steps_back() -> None:
    async def scene(stage: SimStage) -> None:
        seen = []
        for rate in (3.0, 0.1, 1.7):
            skew = await stage.cluster.inject(SkewAllClocks("n1", offset_ms=-1000, monotonic_rate=rate))
            seen += [(await ask(stage))[1].monotonic for _ in range(5)]
            await skew.heal()
            seen += [(await ask(stage))[1].monotonic for _ in range(5)]
        assert seen == sorted(seen)
        assert len(set(seen)) == len(seen)

    play(ClockReader, scene)


@given(
    st.lists(st.tuples(st.floats(1e-6, 1e6), st.integers(0, 10**12)), min_size=1, max_size=4), st.integers(0, 10**12)
)
def test_when_is_the_first_moment_at_which_the_clock_shows_it(changes: list[tuple[float, int]], ahead: int) -> None:
    kernel = EventQueue()
    clock = SimClock(kernel, monotonic_start=12345, wall_start=0)
    for rate, passing in changes:
        clock.add(Skew(offset=0, rate=1.0, monotonic_rate=rate))
        before = clock.monotonic()
        kernel.now += passing
        assert clock.monotonic() >= before
    due = clock.monotonic() + ahead
    kernel.now = clock.when(due)
    assert clock.monotonic() >= due
    if ahead:
        kernel.now -= 1
        assert clock.monotonic() < due


def test_a_rate_has_to_be_above_zero() -> None:
    async def scene(stage: SimStage) -> None:
        for wrong in (SkewClock("n1", rate=-1), SkewAllClocks("n1", monotonic_rate=-1), SkewClock("n9")):
            with pytest.raises(UsageError):
                await stage.cluster.inject(wrong)

    play(ClockReader, scene)
