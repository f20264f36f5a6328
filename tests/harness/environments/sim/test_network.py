"""Messages: latency, order, and what each injection does, counts and heals; clients are not touched."""

import asyncio

import pytest

from splitbrain.harness.environments.sim import NetworkOptions, SimOptions
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Compact, Cut, Impair, Limp

from .programs import Echo, Sender, SimStage, play

LINK = (("n1", "n2"),)


def heard(scene_injection=None, seconds=1.0, seed=1, options=None):
    """The messages that n2 heard, and the bite of an injection that was there from the start."""

    async def scene(stage: SimStage):
        injected = await stage.cluster.inject(scene_injection) if scene_injection else None
        await asyncio.sleep(seconds)
        bite = await injected.heal() if injected else {}
        return stage.programs["n2"].numbers, bite

    return play(Sender, scene, seed, options)


def test_healthy_links_keep_order_and_lose_nothing() -> None:
    numbers, _ = heard()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) in (997, 998, 999)


def test_latency_is_as_the_options_say() -> None:
    async def scene(stage: SimStage) -> float:
        await asyncio.sleep(0.0011)
        assert stage.programs["n1"].sent == 1
        while not stage.programs["n2"].heard:
            await asyncio.sleep(0.0001)
        return stage.sim.now() / 1e6

    options = SimOptions(network=NetworkOptions(latency_ms_min=50, latency_ms_max=60, latency_ms_tail_mean=0))
    assert 51 <= play(Sender, scene, options=options) <= 61.2


def test_options_have_to_make_sense() -> None:
    with pytest.raises(UsageError):
        NetworkOptions(latency_ms_min=2, latency_ms_max=1)
    with pytest.raises(UsageError):
        NetworkOptions(loss=1.5)


def test_lossy_by_nature() -> None:
    numbers, _ = heard(options=SimOptions(network=NetworkOptions(loss=0.1, duplicate=0.1, reorder=0.1)))
    assert 800 < len(set(numbers)) < 960
    assert len(numbers) > len(set(numbers))
    assert numbers != sorted(numbers)


def test_cut_is_one_way_counts_and_heals() -> None:
    async def scene(stage: SimStage) -> None:
        n2 = stage.programs["n2"]
        await asyncio.sleep(0.1)
        cut = await stage.cluster.inject(Cut(LINK))
        other_way = await stage.cluster.inject(Cut((("n2", "n1"),)))
        await asyncio.sleep(0.01)
        before = len(n2.heard)
        await asyncio.sleep(0.1)
        assert len(n2.heard) == before
        bite = await cut.heal()
        assert bite == {"messages_dropped": 110}
        assert await other_way.heal() == {"messages_dropped": 0}
        await asyncio.sleep(0.1)
        assert len(n2.heard) > before + 90
        assert await cut.heal() == bite

    play(Sender, scene)


def test_overlapping_cuts_each_heal_only_themselves() -> None:
    async def scene(stage: SimStage) -> None:
        first = await stage.cluster.inject(Cut((*LINK, ("n1", "n3"))))
        await asyncio.sleep(0.01)
        second = await stage.cluster.inject(Cut(LINK))
        await asyncio.sleep(0.01)
        assert await first.heal() == {"messages_dropped": 20}
        await asyncio.sleep(0.01)
        assert stage.programs["n2"].heard == []
        assert await second.heal() == {"messages_dropped": 20}
        await asyncio.sleep(0.01)
        assert len(stage.programs["n2"].heard) > 5

    play(Sender, scene)


def test_loss() -> None:
    numbers, bite = heard(Impair(LINK, loss=0.3))
    assert numbers == sorted(set(numbers))
    assert bite.keys() == {"messages_dropped"}
    assert 200 < bite["messages_dropped"] < 400
    assert abs(len(numbers) + bite["messages_dropped"] - 1000) < 5


def test_duplication() -> None:
    numbers, bite = heard(Impair(LINK, duplicate=0.3))
    assert 200 < bite["messages_duplicated"] < 400
    assert abs(len(numbers) - len(set(numbers)) - bite["messages_duplicated"]) < 5
    assert set(numbers) == set(range(max(numbers) + 1))


def test_reordering_counts_what_was_overtaken() -> None:
    numbers, bite = heard(Impair(LINK, reorder=0.2))
    assert sorted(set(numbers)) == sorted(numbers)
    late = sum(any(other > number for other in numbers[:at]) for at, number in enumerate(numbers))
    assert 100 < late < 300
    assert abs(late - bite["messages_reordered"]) <= 2


def test_a_held_message_arrives_even_if_none_overtakes_it() -> None:
    async def scene(stage: SimStage) -> None:
        injected = await stage.cluster.inject(Impair(LINK, reorder=1.0))
        await asyncio.sleep(1)
        assert await injected.heal() == {"messages_reordered": 0}
        assert len(stage.programs["n2"].heard) > 800

    play(Sender, scene)


def test_delay_and_jitter() -> None:
    async def scene(stage: SimStage) -> None:
        start = stage.sim.now()
        injected = await stage.cluster.inject(Impair(LINK, delay_ms=100, jitter_ms=50))
        while not stage.programs["n2"].heard:
            await asyncio.sleep(0.001)
        assert 50 <= (stage.sim.now() - start) / 1e6 <= 160
        await asyncio.sleep(1)
        bite = await injected.heal()
        assert bite == {"messages_delayed": stage.programs["n1"].sent}
        numbers = stage.programs["n2"].numbers
        assert numbers == sorted(numbers), "a delay alone reorders nothing"

    play(Sender, scene)


def test_impairments_add_up_and_heal_alone() -> None:
    async def scene(stage: SimStage) -> None:
        slow = await stage.cluster.inject(Impair(LINK, delay_ms=20))
        lossy = await stage.cluster.inject(Impair(LINK, loss=1.0))
        await asyncio.sleep(0.1)
        assert stage.programs["n2"].heard == []
        assert await lossy.heal() == {"messages_dropped": 100}
        await asyncio.sleep(0.1)
        assert 70 < len(stage.programs["n2"].heard) < 90
        assert (await slow.heal())["messages_delayed"] == 100

    play(Sender, scene)


def test_clients_are_not_cut() -> None:
    async def scene(stage: SimStage) -> None:
        everything = tuple((a.name, b.name) for a in stage.cluster.nodes for b in stage.cluster.nodes)
        await stage.cluster.inject(Cut(everything))
        await stage.cluster.inject(Impair(everything, loss=1.0, delay_ms=1000))
        channel = await stage.n1.connect()
        before = stage.sim.now()
        assert await channel.request("hello") == "hello"
        assert 0.4 <= (stage.sim.now() - before) / 1e6 < 10, "a round trip of the network's latency"

    play(Echo, scene)


def test_what_cannot_be_done_is_refused() -> None:
    async def scene(stage: SimStage) -> None:
        for wrong in (Limp(LINK, rate_kbit=0), Compact(("n1",)), Cut((("n1", "n9"),))):
            with pytest.raises(UsageError):
                await stage.cluster.inject(wrong)

    play(Echo, scene)
