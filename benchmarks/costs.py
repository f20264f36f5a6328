"""Cost of an operation without faults: round trips, messages between nodes and bytes, beside what each design says.

One client at a time asks node after node for a read or a write of a value of a thousand bytes; what the same cluster
sends when nobody asks is subtracted. A round trip is the mean time of a message and its answer, the client's included.
Where one node leads, four of five requests come to another one and are passed on: that is 0.8 of a round trip and 1.6
messages. Bytes are those of the messages as MessagePack.

    python benchmarks/costs.py [--write]

--write puts the table into docs/stores.md. Exit code: 1 if a measured number of messages differs from the design's by
more than a tenth, or if it takes fewer round trips, or 1.1 more: a disk takes a part of one, and the slowest of several
copies longer than the mean.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain import registry
from splitbrain.harness.environments.sim.link import DirectedLink, size_of
from splitbrain.harness.generator import Completion, Context, Generator, Wait
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.operation import Operation
from splitbrain.textbook.simulated import simulate
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Workload

DOCS = Path(__file__).parents[1] / "docs" / "stores.md"
BEGIN, END = "<!-- begin: benchmarks/costs.py --write -->", "<!-- end: costs -->"
NODES, SECONDS, RATE = 5, 20.0, 10.0
VALUE = "x" * 1000
MESSAGES_OFF, TRIPS_BELOW, TRIPS_ABOVE = 0.1, 0.1, 1.1
FORWARDED = 1 - 1 / NODES
"""The share of requests that come to another node than the one that leads."""


@dataclass(frozen=True)
class DesignCost:
    """Cost of an operation by its design. round_trips: with the client's own. copies: messages that carry the value."""

    target: str
    kind: str
    round_trips: float
    messages: float
    copies: float


def led(target: str, kind: str, trips: float, messages: float, copies: float) -> DesignCost:
    """The cost where a leader does it, with what it takes to get there; a read brings the value back along that way."""
    return DesignCost(target, kind, trips + FORWARDED, messages + 2 * FORWARDED, copies + FORWARDED)


DESIGNS = (
    led("primary-backup", READ, 1, 0, 0),
    led("primary-backup", WRITE, 1, 8, 4),
    led("primary-backup:replication=sync", WRITE, 2, 8, 4),
    led("raft", READ, 2, 8, 0),
    led("raft", WRITE, 2, 8, 4),
    led("raft:reads=lease", READ, 1, 0, 0),
    DesignCost("paxos", WRITE, 3, 16, 8),
    DesignCost("abd", WRITE, 3, 16, 8),
    DesignCost("quorum:w=3,r=3,version=lww", WRITE, 2, 8, 4),
    DesignCost("quorum:w=3,r=3", WRITE, 3, 16, 8),
    DesignCost("quorum:w=1,r=1,version=lww", WRITE, 1, 8, 4),
    DesignCost("multi-leader", READ, 1, 0, 0),
    DesignCost("multi-leader", WRITE, 1, 4, 4),
    DesignCost("causal", READ, 1, 0, 0),
    DesignCost("causal", WRITE, 1, 4, 4),
)


class OneAtATime(msgspec.Struct, frozen=True):
    """One operation after the other, through node after node. at: how many began. busy: whether one is under way."""

    kind: str
    threads: int
    at: int = 0
    busy: bool = False

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.busy or context.thread != self.at % self.threads:
            return Wait(), self
        writes = self.kind == WRITE or self.at < self.threads
        operation = Operation(WRITE, f"{VALUE}{self.at}", "k") if writes else Operation(READ, None, "k")
        return operation, OneAtATime(self.kind, self.threads, self.at + 1, True)

    def update(self, completion: Completion) -> Generator:
        return OneAtATime(self.kind, self.threads, self.at)


@dataclass
class SentMessages:
    """Messages between different nodes."""

    messages: int = 0
    bytes: int = 0


@contextmanager
def counted() -> Iterator[SentMessages]:
    """Count what nodes send meanwhile."""
    send, sent = DirectedLink.send, SentMessages()

    def counting(link: DirectedLink, message: Any) -> None:
        if link._sender != link._to:
            sent.messages += 1
            sent.bytes += size_of(message)
        send(link, message)

    DirectedLink.send = counting  # type: ignore[method-assign, assignment]
    try:
        yield sent
    finally:
        DirectedLink.send = send  # type: ignore[method-assign]


def measure(target: str, kind: str) -> tuple[float, float, float]:
    """Round trips (the mean), messages and bytes of an operation."""
    asked = {
        "workload": "availability", "nodes": NODES, "concurrency": NODES, "rate": RATE, "time_limit": SECONDS,
    }  # fmt: skip
    own = Workload("one-at-a-time", "", READ_WRITE, (), lambda size, _: OneAtATime(kind, NODES), lambda _: ())
    with counted() as busy:
        run = simulate(target, 1, own, **asked)
    nobody = Workload("nobody", "", READ_WRITE, (), lambda size, _: OneAtATime(kind, 10**9, 1), lambda _: ())
    with counted() as idle:
        simulate(target, 1, nobody, **asked)
    every = [one for one in run.operations(READ, WRITE) if one.ok and one.ended is not None]
    took = sorted(one.ended - one.at for one in every if one.f == kind and one.ended is not None)
    mean = sum(took) / len(took) / 1e6
    more, bytes_ = busy.messages - idle.messages, busy.bytes - idle.bytes
    return mean / registry.round_trip_ms(""), more / len(every), bytes_ / len(every)


def main() -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows = [
        "| store | operation | round trips: design | measured | messages: design | measured | kB: design | measured |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    off = []
    for design in DESIGNS:
        trips, messages, bytes_ = measure(design.target, design.kind)
        kilobytes = design.copies * len(VALUE) / 1000
        rows.append(
            f"| `{design.target}` | {design.kind} | {design.round_trips:g} | {trips:.1f} | {design.messages:g} | "
            f"{messages:.1f} | {kilobytes:g} | {bytes_ / 1000:.1f} |"
        )
        print(rows[-1], flush=True)
        other = abs(messages - design.messages) > MESSAGES_OFF * max(design.messages, 1)
        if other or not -TRIPS_BELOW <= trips - design.round_trips <= TRIPS_ABOVE:
            off.append(design)
    if asked.write:
        page = DOCS.read_text(encoding="utf-8")
        put = "\n".join((BEGIN, *rows, END))
        whole = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: put, page, flags=re.S)
        DOCS.write_text(whole, encoding="utf-8")
    for design in off:
        print(f"not what the design says: {design.target}, {design.kind}", file=sys.stderr)
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
