"""World: knobs and profiles as typed, bounds, and what a seed draws."""

import asyncio

import pytest

from splitbrain.harness.environments.sim import SimOptions
from splitbrain.harness.environments.sim.world import (
    DRAWN_PROFILES,
    KNOBS,
    PROFILES,
    drawn_world,
    read_world,
    world_options,
)
from splitbrain.harness.errors import UsageError

from .programs import Echo, SimStage, play


def test_without_knobs_the_world_is_as_usual() -> None:
    assert world_options({}) == SimOptions()


def test_later_words_win_and_units_are_read() -> None:
    assert read_world("wan,net.latency=5ms, disk.sync=0.1s,net.jitter=20us")["net.latency"] == 5
    assert read_world("disk.sync=0.1s") == {"disk.sync": 100}
    assert read_world("net.jitter=20us") == {"net.jitter": pytest.approx(0.02)}
    assert read_world("wan,lan")["net.latency"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("wam", "did you mean wan"),
        ("net.latencies=5", "did you mean net.latency"),
        ("net.latency", "expected a profile"),
        ("net.latency=fast", "expected ms from 0.01 to 10000, not 'fast'"),
        ("net.loss=1.5", "expected share from 0 to 1"),
        ("net.loss=nan", "expected share"),
    ],
)
def test_wrong_words_are_told(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_world(words)


def test_seeds_draw_worlds_within_bounds_and_what_was_given_stays() -> None:
    worlds = [drawn_world(seed, {"disk.sync": 7.0}) for seed in range(200)]
    assert all(world["disk.sync"] == 7.0 for world in worlds)
    assert 60 < sum(len(world) > 1 for world in worlds) < 140
    assert sum(world.get("net.duplicate", 0) > 0 for world in worlds) > 20
    assert sum(world.get("net.reorder", 0) > 0 for world in worlds) > 20
    for world in worlds:
        world_options(world)
        assert all(KNOBS[name].low <= value <= KNOBS[name].high for name, value in world.items())
    assert drawn_world(3, {}) == drawn_world(3, {})


@pytest.mark.parametrize("profile", DRAWN_PROFILES)
def test_some_seeds_have_a_profile(profile: str) -> None:
    having = [seed for seed in range(600) if PROFILES[profile].items() <= drawn_world(seed, {}).items()]
    assert 8 <= len(having) <= 35
    assert drawn_world(having[0], dict.fromkeys(KNOBS, 0.5)) == dict.fromkeys(KNOBS, 0.5)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_cluster_runs_in_every_profile(profile: str) -> None:
    async def scene(stage: SimStage) -> float:
        channel = await stage.n1.connect()
        before = stage.sim.now()
        assert await channel.request("hello") == "hello"
        return (stage.sim.now() - before) / 1e6

    took = play(Echo, scene, options=world_options(read_world(profile)))
    assert took > (8 if profile == "wan" else 0.3)


def test_a_pause_falls_between_a_decision_and_what_it_does() -> None:
    """A handler that takes time and has decided; its answer comes when the process goes on."""
    from splitbrain.harness.injection import Pause

    async def scene(stage: SimStage) -> float:
        channel = await stage.n1.connect()
        asked = asyncio.ensure_future(channel.request("hello"))
        await asyncio.sleep(0.005)
        pause = await stage.cluster.inject(Pause(("n1",)))
        await asyncio.sleep(1)
        assert not asked.done()
        await pause.heal()
        assert await asked == "hello"
        return stage.sim.now() / 1e9

    assert play(Echo, scene, options=world_options({"node.service": 200.0})) > 1
