"""Messages a second that the simulator carries on one core. Five nodes, each passing on what it gets.

Usage: python benchmarks/simulator.py [--json] [--rounds 5] [--messages 200000]
Pitfall: a busy machine halves the figure, so the median of several rounds is told.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Mapping, Sequence

import msgspec

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.program import Effects, Now, Send
from splitbrain.harness.random_stream import RandomStream

NODES = ("n1", "n2", "n3", "n4", "n5")
IN_FLIGHT = 10
"""Messages under way per node."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """A message that goes round."""

    hop: int


class Relay:
    """A node that sends every message on to the next node."""

    message_type = Token
    request_type = Token
    reply_type = Token

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.next = nodes[(nodes.index(name) + 1) % len(nodes)]
        self.handled = 0

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        return [Send(self.next, Token(0)) for _ in range(IN_FLIGHT)]

    def on_message(self, now: Now, sender: str, message: Token) -> Effects:
        self.handled += 1
        return (Send(self.next, message),)

    def on_timer(self, now: Now, name: str) -> Effects:
        return ()

    def on_request(self, now: Now, request: int, message: Token) -> Effects:
        return ()

    def on_durable(self, now: Now, token: int) -> Effects:
        return ()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return ()


def measure(seed: int, messages: int) -> float:
    """Messages per second of real time, over a run of at least so many."""
    relays: list[Relay] = []

    def make(name: str, nodes: Sequence[str], random: RandomStream) -> Relay:
        relays.append(Relay(name, nodes, random))
        return relays[-1]

    sim = Sim(seed)

    async def main() -> float:
        await sim.up(Simulated(make), NODES, None)  # type: ignore[arg-type]
        began = time.perf_counter()
        while sum(relay.handled for relay in relays) < messages:
            await asyncio.sleep(0.1)
        return sum(relay.handled for relay in relays) / (time.perf_counter() - began)

    return sim.run(main)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=200_000)
    options = parser.parse_args()
    figures = [measure(seed, options.messages) for seed in range(options.rounds)]
    answer = {
        "messages_per_second": round(statistics.median(figures)),
        "slowest": round(min(figures)),
        "fastest": round(max(figures)),
    }
    if options.json:
        print(json.dumps(answer))
    else:
        print(", ".join(f"{name.replace('_', ' ')}: {figure:,}" for name, figure in answer.items()))


if __name__ == "__main__":
    main()
