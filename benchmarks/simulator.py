"""Simulated operations a second on one core, recorded and judged, and whole runs a minute. CPU time counts, so a busy
machine disturbs little.

Usage: python benchmarks/simulator.py [--json] [--seconds 10 60] [--runs 20] [--messages 200000]

- operations: `single` and `raft`, workload `register`, no faults, 10 clients as fast as they go, for so many virtual
  seconds. `whole` is the whole run, with verdict and page, as a multiple of the simulation alone.
- runs: `raft --nemesis partition,kill --time-limit 6 --rate 50`, whole runs in one process.
- messages: what the simulator carries when nodes do nothing but pass them on.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import splitbrain
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.program import Effects, Now, Send
from splitbrain.harness.progress import Progress
from splitbrain.harness.random_stream import RandomStream

TARGETS = ("single", "raft")
RUN: dict[str, Any] = {"target": "raft", "nemesis": "partition,kill", "time_limit": 6.0, "rate": 50.0}
NODES = ("n1", "n2", "n3", "n4", "n5")
IN_FLIGHT = 10
"""Messages under way per node."""


class RingMessage(msgspec.Struct, frozen=True, gc=False):
    """A message that goes round."""

    hop: int


class Relay:
    """A node that sends every message on to the next node."""

    message_type = RingMessage
    request_type = RingMessage
    reply_type = RingMessage

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.next = nodes[(nodes.index(name) + 1) % len(nodes)]
        self.handled = 0

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        return [Send(self.next, RingMessage(0)) for _ in range(IN_FLIGHT)]

    def on_message(self, now: Now, sender: str, message: RingMessage) -> Effects:
        self.handled += 1
        return (Send(self.next, message),)

    def on_timer(self, now: Now, name: str) -> Effects:
        return ()

    def on_request(self, now: Now, request: int, message: RingMessage) -> Effects:
        return ()

    def on_durable(self, now: Now, token: int) -> Effects:
        return ()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return ()


class CpuProgress(Progress):
    """Note of the CPU time at which the simulation was over."""

    over = 0.0

    def enter(self, phase: str, now: int) -> None:
        """Enter a phase."""
        super().enter(phase, now)
        if phase == "over":
            self.over = time.process_time()


def operations(target: str, seconds: float) -> dict[str, object]:
    """Operations a CPU second of one run, and how much verdict and page add."""
    progress = CpuProgress()
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        done = splitbrain.run(
            target, workload="register", rate=0.0, time_limit=seconds, seed=1, out=Path(folder), progress=progress
        )
        ended = time.process_time()
    simulating = progress.over - began
    return {
        "target": target,
        "virtual_seconds": seconds,
        "status": done.status.value,
        "operations": progress.begun,
        "operations_per_second": round(progress.begun / simulating),
        "whole": round((ended - began) / simulating, 2),
    }


def runs_a_minute(runs: int) -> float:
    """The number of whole runs in a minute of CPU time, the first left out: it imports."""
    with tempfile.TemporaryDirectory() as folder:
        splitbrain.run(**RUN, seed=0, out=Path(folder))
        began = time.process_time()
        for seed in range(1, runs + 1):
            splitbrain.run(**RUN, seed=seed, out=Path(folder))
        return 60 * runs / (time.process_time() - began)


def messages_a_second(messages: int) -> float:
    """Messages per CPU second, over a run of at least so many."""
    relays: list[Relay] = []

    def make(name: str, nodes: Sequence[str], random: RandomStream) -> Relay:
        relays.append(Relay(name, nodes, random))
        return relays[-1]

    sim = Sim(1)

    async def main() -> float:
        await sim.up(Simulated(make), NODES, None)  # type: ignore[arg-type]
        began = time.process_time()
        while sum(relay.handled for relay in relays) < messages:
            await asyncio.sleep(0.1)
        return sum(relay.handled for relay in relays) / (time.process_time() - began)

    return sim.run(main)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="virtual seconds of a run")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--messages", type=int, default=200_000)
    options = parser.parse_args(arguments)
    operations(TARGETS[0], 0.1)
    rows = [operations(target, seconds) for target in TARGETS for seconds in options.seconds]
    figures = {
        "operations": rows,
        "runs_a_minute": round(runs_a_minute(options.runs)),
        "messages_per_second": round(messages_a_second(options.messages)),
    }
    if options.json:
        print(json.dumps(figures))
        return
    for row in rows:
        print(
            f"{row['target']:8} {row['virtual_seconds']:5g} virtual s  {row['operations']:>9,} operations  "
            f"{row['operations_per_second']:>7,} a second  whole run × {row['whole']}"
        )
    print(f"runs a minute: {figures['runs_a_minute']:,}")
    print(f"messages a second: {figures['messages_per_second']:,}")


if __name__ == "__main__":
    main()
