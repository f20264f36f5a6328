"""Run as a script: a busy cluster under every injection, and on standard output everything that happened."""

import asyncio
import sys
from typing import Any

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.injection import Cut, FailDisk, Impair, Kill, Pause, SkewAllClocks, SlowDisk
from splitbrain.harness.node import Channel, ChannelClosed
from splitbrain.harness.program import Append, Reply, Send, SetTimer, Sync

TRACE: list[tuple[Any, ...]] = []


class Gossip:
    """A program that tells rumours to random others, writes them down, and answers with how many it knows."""

    message_type = request_type = reply_type = Any

    def __init__(self, name, nodes, random):
        self.name, self.nodes, self.random = name, nodes, random
        self.rumours = set()
        self.asked = {}

    def on_start(self, now, disk):
        TRACE.append((self.name, "start", now.monotonic, now.wall, sorted(disk.items())))
        return [SetTimer("tell", self.random.below(50_000_000))]

    def on_timer(self, now, name):
        TRACE.append((self.name, "timer", now.monotonic, now.wall))
        rumour = f"{self.name}-{self.random.below(1000)}"
        return [Send(self.random.choice(self.nodes), rumour), SetTimer("tell", self.random.below(50_000_000))]

    def on_message(self, now, sender, message):
        TRACE.append((self.name, "message", now.monotonic, sender, message))
        if message in self.rumours:
            return []
        self.rumours.add(message)
        return [Append("rumours", message.encode()), *(Send(other, message) for other in self.nodes)]

    def on_request(self, now, request, message):
        return [Sync(request)]

    def on_durable(self, now, token):
        return [Reply(token, len(self.rumours))]

    def on_disk_error(self, now, token, errno):
        return [Reply(token, -errno)]


async def client(sim: Sim, node: Any, number: int) -> None:
    channel: Channel | None = None
    for _ in range(60):
        try:
            channel = channel or await node.connect()
            answer: Any = await asyncio.wait_for(channel.request("how many?"), 0.3)
        except (ConnectionRefusedError, ChannelClosed, TimeoutError) as error:
            answer, channel = type(error).__name__, None
        TRACE.append((f"client {number}", sim.now(), answer))
        await asyncio.sleep(0.1)


async def main(sim: Sim) -> None:
    names = ["n1", "n2", "n3", "n4", "n5"]
    cluster = await sim.up(Simulated(Gossip), names, None)  # type: ignore[arg-type]
    clients = [asyncio.create_task(client(sim, cluster.nodes[n % 5], n)) for n in range(10)]
    links = tuple((a, b) for a in names[:2] for b in names[2:])
    for injection in (
        Cut(links),
        Impair(links, delay_ms=5, jitter_ms=4, loss=0.1, duplicate=0.1, reorder=0.2),
        Kill(("n1", "n3")),
        Pause(("n2",)),
        SkewAllClocks("n4", offset_ms=1234, rate=1.1, monotonic_rate=0.7),
        SlowDisk(("n5",), 100),
        FailDisk(("n5",), "EIO"),
    ):
        injected = await cluster.inject(injection)
        await asyncio.sleep(0.5)
        TRACE.append(("healed", sim.now(), sorted((await injected.heal()).items())))
    await asyncio.gather(*clients)
    await cluster.down()


if __name__ == "__main__":
    sim = Sim(int(sys.argv[1]))
    sim.run(lambda: main(sim))
    for line in TRACE:
        print(*line)
