"""Bites of every fault in every variant, healed without a trace: on the simulator, with nodes that ping each other and
sync all the time, and clients that ask all the time."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault, schedule
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.program import Append, Effects, Message, Now, Reply, Send, SetTimer, Sync
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses import FAULTS, parse

NAMES = ("n1", "n2", "n3", "n4", "n5")
EVERY_NS = 20_000_000


class Ping(msgspec.Struct, frozen=True):
    """A message as a leader sends it, with work to do."""

    count: int
    ballast: bytes = bytes(300)
    leads: int = 1


class Pinger:
    """A program that pings all others every 20 ms, and syncs each time."""

    message_type: ClassVar[type] = Ping
    request_type: ClassVar[type] = Ping
    reply_type: ClassVar[type] = Ping

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.others = [node for node in nodes if node != name]
        self.count = 0

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        return [SetTimer("ping", EVERY_NS)]

    def on_timer(self, now: Now, name: str) -> Effects:
        self.count += 1
        pings = [Send(other, Ping(self.count)) for other in self.others]
        return [SetTimer("ping", EVERY_NS), Append("log", b"."), Sync(self.count), *pings]

    def on_message(self, now: Now, sender: str, message: Message) -> Effects:
        return []

    def on_request(self, now: Now, request: int, message: Message) -> Effects:
        return [Reply(request, message)]

    def on_durable(self, now: Now, token: int) -> Effects:
        return []

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        raise SystemExit("the disk failed")


class EventsInMemory:
    """Events, in memory."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Value]] = []

    def nemesis(self, f: str, value: Value) -> int:
        self.events.append((f, value))
        return len(self.events)


async def nobody() -> Mapping[str, str]:
    return {}


async def ask(node: Node) -> None:
    """Ask a node all the time, as a client that connects anew whenever its connection breaks."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                channel = await node.connect()
                for count in itertools.count():
                    await channel.request(Ping(count))
                    await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)


def play(slots: Sequence[ScheduledFault], seed: int, until_s: float) -> tuple[NemesisRunner, EventsInMemory]:
    """The nemesis after so many virtual seconds, everything healed and all nodes running."""
    sim, nemesis, journal = Sim(seed), NemesisRunner(slots, seed), EventsInMemory()

    async def main() -> None:
        cluster = await sim.up(Simulated(Pinger), NAMES, None)
        asking = [asyncio.ensure_future(ask(node)) for node in cluster.nodes]
        running = asyncio.ensure_future(nemesis.run(cluster, nobody, journal, sim.now))
        await asyncio.sleep(until_s)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await nemesis.heal()
        assert all(node.running for node in cluster.nodes)
        for client in asking:
            client.cancel()
        await cluster.down()

    sim.run(main)
    return nemesis, journal


SIMULATED = [
    fault
    for fault in FAULTS.values()
    if all(Sim(0).unsupported(kind, Simulated(Pinger)) is None for kind in fault.needs)
]


@pytest.mark.parametrize(("name", "variant"), [(f.name, variant) for f in SIMULATED for variant in f.variants])
def test_every_variant_bites(name: str, variant: str) -> None:
    nemesis, journal = play([ScheduledFault(SECOND, 2 * SECOND, FAULTS[name], variant)], 1, until_s=4)
    assert [f for f, _ in journal.events] == [f"start-{name}", f"stop-{name}"]
    assert nemesis.reports()[name].bite
    assert nemesis.reports()[name].times == 1


@pytest.mark.parametrize("seed", range(3))
def test_all_of_them_bite_in_the_first_half(seed: int) -> None:
    faults = parse("all")
    slots = schedule(faults, NAMES, 24, seed).slots
    nemesis, _ = play(slots, seed, until_s=12)
    assert all(nemesis.reports()[fault.name].bite for fault in faults)


def test_a_run_cut_short_in_the_middle_of_overlapping_faults_is_healed() -> None:
    faults = parse("all,clock-rate,eio")
    slots = schedule(faults, NAMES, 120, 5, interval_s=5).slots
    pair = next(b for a, b in itertools.pairwise(slots) if b.start < a.stop)
    until_s = (pair.start + 1) / SECOND
    _, journal = play(slots, 5, until_s)
    words = [f for f, _ in journal.events]
    assert words[-4:-2] == [word.replace("stop", "start") for word in reversed(words[-2:])]


def test_the_same_seed_does_the_same_harm() -> None:
    slots = schedule(parse("all"), NAMES, 60, 9).slots
    assert play(slots, 9, 60)[1].events == play(slots, 9, 60)[1].events


@pytest.mark.parametrize("seed", range(3))
def test_timers_go_on_while_monotonic_clocks_run_at_odd_rates(seed: int) -> None:
    """A timer that is due a fraction of a nanosecond early, not to be planned for the same moment for ever."""
    slots = schedule(parse("clock-rate"), NAMES, 60, seed, interval_s=4).slots
    nemesis, _ = play(slots, seed, 60)
    assert nemesis.reports()["clock-rate"].times == len(slots)
