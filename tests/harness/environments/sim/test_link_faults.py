"""Injections on links and on the way of clients: what each does, counts and heals."""

import asyncio
from itertools import pairwise

import msgspec
import pytest

from splitbrain.harness.environments.sim import NetworkOptions, SimOptions
from splitbrain.harness.injection import (
    Cut,
    CutClients,
    Gray,
    Impair,
    ImpairClients,
    ImpairMessages,
    Limp,
    WithholdVotes,
)
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Effects, Now, Reply, Send, SetTimer

from .programs import Echo, Quiet, Sender, SimStage, play

LINK = (("n1", "n2"),)


class Vote(msgspec.Struct, frozen=True):
    """A vote for term 1, from all to n1."""

    elects: int = 1


class Heartbeat(msgspec.Struct, frozen=True):
    """The message that a leader sends."""

    leads: int = 1


class Voters(Quiet):
    """n2 and n3 vote for n1, which answers each vote as a leader would; `heard` collects (time, sender)."""

    def on_start(self, now: Now, disk: object) -> Effects:
        self.heard: list[tuple[int, str]] = []
        return [Send("n1", Vote())] if self.name != "n1" else ()

    def on_message(self, now: Now, sender: str, message: object) -> Effects:
        self.heard.append((now.monotonic, sender))
        return [Send(sender, Heartbeat())] if self.name == "n1" else ()


class Twins(Quiet):
    """A program by which n1 sends a short and a long message to n2, one every ten milliseconds each."""

    def on_start(self, now: Now, disk: object) -> Effects:
        self.short, self.long = 0, 0
        return [SetTimer("send", 10_000_000)] if self.name == "n1" else ()

    def on_timer(self, now: Now, name: str) -> Effects:
        return [Send("n2", "alive"), Send("n2", "x" * 2000), SetTimer("send", 10_000_000)]

    def on_message(self, now: Now, sender: str, message: str) -> Effects:
        self.short += len(message) < 100
        self.long += len(message) > 100
        return ()


class Counter(Quiet):
    """A program that answers each request with how many there were."""

    seen = 0

    def on_request(self, now: Now, request: int, message: object) -> Effects:
        self.seen += 1
        return [Reply(request, self.seen)]


def test_a_queued_cut_delivers_after_the_heal_in_order() -> None:
    async def scene(stage: SimStage) -> None:
        n2 = stage.programs["n2"]
        await asyncio.sleep(0.1)
        before = len(n2.heard)
        cut = await stage.cluster.inject(Cut(LINK, queued=True))
        await asyncio.sleep(1)
        assert len(n2.heard) <= before + 5, "only what was under way"
        bite = await cut.heal()
        await asyncio.sleep(0.1)
        assert 995 <= bite["messages_queued"] <= 1005
        assert n2.numbers == list(range(len(n2.numbers))), "nothing is lost, and order is kept"
        assert len(n2.numbers) > 1090
        assert stage.cluster.coverage()["old_messages"] > 400

    play(Sender, scene)


def test_a_cut_that_loses_beside_one_that_queues_loses_what_was_queued() -> None:
    async def scene(stage: SimStage) -> None:
        queued = await stage.cluster.inject(Cut(LINK, queued=True))
        await asyncio.sleep(0.1)
        lost = await stage.cluster.inject(Cut(LINK))
        await lost.heal()
        await queued.heal()
        await asyncio.sleep(0.1)
        assert min(stage.programs["n2"].numbers) >= 98

    play(Sender, scene)


def heard_under(impair: Impair, seconds: float = 3.0) -> tuple[list[int], dict[str, float]]:
    async def scene(stage: SimStage):
        injected = await stage.cluster.inject(impair)
        await asyncio.sleep(seconds)
        bite = await injected.heal()
        await asyncio.sleep(5)
        return stage.programs["n2"].numbers, bite

    return play(Sender, scene)


def test_late_duplicates_come_seconds_later() -> None:
    numbers, bite = heard_under(ImpairMessages(LINK, duplicate=0.2, duplicate_ms=3000))
    latest = max(numbers[: 1 + at][-1] for at in range(len(numbers)))
    first = {number: numbers.index(number) for number in numbers}
    late = [max(numbers[:at]) - number for at, number in enumerate(numbers) if at > first[number]]
    assert len(late) == bite["messages_duplicated"] > 400
    assert max(late) > 1000, "one number a millisecond"
    assert latest > 2900


def test_what_is_held_long_is_overtaken_by_much() -> None:
    numbers, bite = heard_under(ImpairMessages(LINK, reorder=0.1, reorder_ms=2000))
    assert bite["messages_reordered"] > 200
    assert sorted(numbers) == list(range(len(numbers)))
    assert max(a - b for a, b in pairwise(numbers)) > 500


def test_a_heavy_tail_delays_some_by_much_and_reorders_nothing() -> None:
    numbers, bite = heard_under(ImpairMessages(LINK, tail=0.02, tail_ms=1000))
    assert numbers == sorted(numbers)
    assert 20 <= bite["messages_delayed"] <= 120


def test_resets_lose_what_is_under_way() -> None:
    numbers, bite = heard_under(ImpairMessages(LINK, delay_ms=20, reset_ms=100))
    assert 10 <= bite["connections_reset"] <= 60
    lost = set(range(max(numbers))) - set(numbers)
    assert len(lost) > 10 * bite["connections_reset"]


def test_limping_lets_heartbeats_pass_and_slows_the_rest() -> None:
    async def scene(stage: SimStage) -> None:
        limp = await stage.cluster.inject(Limp(LINK, rate_kbit=160))
        await asyncio.sleep(2)
        bite = await limp.heal()
        n2 = stage.programs["n2"]
        assert n2.short >= 195
        assert 15 <= n2.long <= 25, "2,000 bytes take 0.1 s"
        assert bite["messages_delayed"] > 0
        assert 150 <= bite["messages_dropped"] <= 170, "what would wait for more than 2 s"
        await asyncio.sleep(2.5)
        assert n2.long >= 280, "what waited comes in the end, and the rest at the old rate"

    play(Twins, scene)


def test_gray_nodes_let_short_messages_pass_only_and_delay_clients() -> None:
    async def scene(stage: SimStage) -> None:
        gray = await stage.cluster.inject(Gray(("n2",), bytes_max=200, delay_ms=300))
        channel = await stage.n2.connect()
        before = stage.sim.now()
        waiting = asyncio.ensure_future(channel.request("hello"))
        await asyncio.sleep(1)
        n2 = stage.programs["n2"]
        assert n2.short > 95
        assert n2.long == 0
        waiting.cancel()
        bite = await gray.heal()
        assert bite["messages_dropped"] > 95
        assert bite["requests_delayed"] == 1
        assert stage.sim.now() > before

    play(Twins, scene)


def test_an_adversary_lets_no_majority_vote_and_no_leader_speak() -> None:
    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(0.1)
        adversary = await stage.cluster.inject(WithholdVotes((("n2", "n1"), ("n3", "n1"), ("n1", "n2")), hold_ms=2000))
        await stage.n1.kill()
        await stage.n2.kill()
        await stage.n1.start()
        await stage.n2.start()
        await asyncio.sleep(1)
        assert stage.programs["n1"].heard == []
        await asyncio.sleep(2)
        assert [sender for _, sender in stage.programs["n1"].heard] == ["n2"]
        assert await adversary.heal() == {"messages_withheld": 2}

    play(Voters, scene)


async def answer(stage: SimStage, message: str = "hello") -> object:
    channel = await stage.n1.connect()
    try:
        return await channel.request(message)
    finally:
        await channel.close()


@pytest.mark.parametrize(("requests", "replies"), [(True, False), (False, True)])
def test_clients_cut_off_get_a_broken_connection(requests: bool, replies: bool) -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        cut = await stage.cluster.inject(CutClients(("n1",), requests=requests, replies=replies))
        with pytest.raises(ChannelClosed):
            await channel.request("hello")
        assert stage.programs["n1"].seen == (0 if requests else 1)
        if requests:
            with pytest.raises(ConnectionRefusedError, match="cut"):
                await stage.n1.connect()
        bite = await cut.heal()
        assert (bite["requests_cut"] if requests else bite["replies_cut"]) >= 1
        assert await answer(stage)

    play(Counter, scene)


def test_clients_cut_off_by_a_cut_that_queues_are_answered_after_the_heal() -> None:
    async def scene(stage: SimStage) -> None:
        cut = await stage.cluster.inject(CutClients(("n1",), queued=True))
        asked = asyncio.ensure_future(answer(stage))
        await asyncio.sleep(1)
        assert not asked.done()
        await cut.heal()
        assert await asked == "hello"

    play(Echo, scene)


def test_hedged_requests_arrive_twice_and_are_answered_once() -> None:
    async def scene(stage: SimStage) -> None:
        hedge = await stage.cluster.inject(ImpairClients(("n1",), duplicate=1.0, duplicate_ms=50))
        assert await answer(stage) == 1
        await asyncio.sleep(0.1)
        assert stage.programs["n1"].seen == 2
        assert await hedge.heal() == {"requests_duplicated": 1}

    play(Counter, scene)


def test_links_differ_where_the_world_says_so() -> None:
    """One way of three nodes' six that is slow with a spread of 20, and another that is fast."""

    async def scene(stage: SimStage) -> list[int]:
        took = []
        for node in (stage.n1, stage.n2, stage.n3) * 5:
            channel = await node.connect()
            before = stage.sim.now()
            await channel.request("hello")
            took.append(stage.sim.now() - before)
            await channel.close()
        return took

    took = play(Echo, scene, options=SimOptions(network=NetworkOptions(spread=20)))
    assert max(took) > 20 * min(took)
