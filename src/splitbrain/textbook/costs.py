"""Cost of an operation without faults, measured in the simulator: round trips, messages between nodes and bytes.

One client at a time asks node after node for a read or a write of a value of VALUE_BYTES; what the same cluster sends
when nobody asks is subtracted. A round trip is the mean time of a message and its answer, the client's included. Bytes
are those of the messages as MessagePack.
"""

from dataclasses import dataclass

import msgspec

from splitbrain import registry
from splitbrain.harness.generator import Completion, Context, Generator, Wait
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.operation import Operation
from splitbrain.textbook.designs import VALUE_BYTES, DesignCost, OperationCost, design_cost
from splitbrain.textbook.simulated import SimulatedRun, simulate
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Workload

KINDS = READ, WRITE
SECONDS, RATE = 20.0, 10.0
VALUE = "x" * VALUE_BYTES


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
    """Messages between different nodes, and their bytes."""

    messages: int = 0
    bytes: int = 0

    def heard(self, sender: str, to: str, size: int) -> None:
        """Count a message."""
        if sender != to:
            self.messages += 1
            self.bytes += size


def operation_costs(target: str, nodes: int, world: str = "", seed: int = 1) -> tuple[OperationCost, ...]:
    """Costs of reads and of writes, of those that ended ok. InfrastructureError if the cluster does not come up."""
    _, idle = _run(target, nodes, world, seed, OneAtATime(WRITE, 10**9, 1))
    trip, found = registry.round_trip_ms(world), []
    for kind in KINDS:
        run, busy = _run(target, nodes, world, seed, OneAtATime(kind, nodes))
        every = [one for one in run.operations(*KINDS) if one.ok and one.ended is not None]
        took = [one.ended - one.at for one in every if one.f == kind and one.ended is not None]
        if not took:
            continue
        messages, bytes_ = (busy.messages - idle.messages) / len(every), (busy.bytes - idle.bytes) / len(every)
        found.append(
            OperationCost(kind, len(took), sum(took) / len(took) / 1e6 / trip, messages, bytes_,
                          _design(target, nodes, kind))
        )  # fmt: skip
    return tuple(found)


def _run(target: str, nodes: int, world: str, seed: int, clients: Generator) -> tuple[SimulatedRun, SentMessages]:
    own = Workload("one-at-a-time", "", READ_WRITE, (), lambda size, _: clients, lambda _: ())
    traffic = SentMessages()
    run = simulate(
        target, seed, own, registry.simulator(seed, world, traffic.heard), workload="availability", nodes=nodes,
        concurrency=nodes, rate=RATE, time_limit=SECONDS, world=world,
    )  # fmt: skip
    return run, traffic


def _design(target: str, nodes: int, kind: str) -> DesignCost | None:
    found = registry.target(target)
    return design_cost(found.name, found.settings, nodes, kind)
