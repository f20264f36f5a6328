"""Measurements about what needs consensus: a name that only one may have."""

from collections.abc import Mapping

import msgspec

from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Completion, Context, Generator
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.operation import EventType, Operation
from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SimulatedRun, block, script, simulate
from splitbrain.workloads.register import CAS, READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Workload

RUNS = 2
SPLIT = script({"fault": "partition:topology=halves,mode=lose", "start": 1.0, "duration": 5.0})


class NameByComparing(msgspec.Struct, frozen=True):
    """Name after name, registered by each thread with compare-and-set."""

    def next(self, context: Context) -> tuple[Answer, Generator]:
        return Operation(CAS, (None, context.thread), f"name{context.ordinal}"), self

    def update(self, completion: Completion) -> Generator:
        return self


class NameByReading(msgspec.Struct, frozen=True):
    """A look of each thread whether a name is taken, and a write of its own number if not.

    free: thread → the name that it found free.
    """

    free: Mapping[int, str]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        name = self.free.get(context.thread)
        if name is None:
            return Operation(READ, None, f"name{context.ordinal // 2}"), self
        left = {thread: free for thread, free in self.free.items() if thread != context.thread}
        return Operation(WRITE, context.thread, name), NameByReading(left)

    def update(self, completion: Completion) -> Generator:
        operation = completion.operation
        if operation.f != READ or completion.type is not EventType.OK or completion.value is not None:
            return self
        return NameByReading({**self.free, completion.thread: str(operation.key)})


BY_COMPARING = Workload(
    "names-by-cas", "names taken by compare-and-set", {**READ_WRITE, CAS: Shape("[old, new]", "[old, new]")}, (),
    lambda size, settings: NameByComparing(), lambda settings: (),
)  # fmt: skip
BY_READING = Workload(
    "names-by-reading", "names taken by looking first", READ_WRITE, (), lambda size, settings: NameByReading({}),
    lambda settings: (),
)  # fmt: skip


def unique_names(seed: int) -> ClaimSample:
    """Names that were registered again after the first registration had been acknowledged."""
    found = RunShares()
    for target, workload in (
        ("raft", BY_COMPARING), ("paxos", BY_COMPARING), ("multi-leader:conflict=hlc", BY_READING),
        ("causal", BY_READING), ("crdt:type=lww", BY_READING),
    ):  # fmt: skip
        found.add(
            f"names with two owners, one after the other, {target}",
            [
                _doubled(simulate(
                    target, one, workload, workload="availability", rate=60.0, timeout=1.0, time_limit=8.0,
                    schedule=SPLIT,
                ))
                for one in block(seed, RUNS)
            ],
        )  # fmt: skip
    strong, weak = list(found.shares.values())[:2], list(found.shares.values())[2:]
    none = not any(twice for twice, _ in strong) and all(names for _, names in strong)
    refuted = any(twice for twice, _ in strong)
    return found.sample(found_if(confirmed=none and all(twice for twice, _ in weak), refuted=refuted))


def _doubled(run: SimulatedRun) -> tuple[int, int]:
    """Names with a second registration that began after the first had been acknowledged, and all that were taken."""
    taken: dict[object, int] = {}
    begun: dict[tuple[object, int], int] = {}
    twice = set[object]()
    for operation in run.operations(READ, WRITE, CAS):
        begin = operation.at
        if operation.f == READ:
            begun[operation.key, operation.process] = operation.at
            continue
        if not operation.ok or operation.ended is None:
            continue
        if operation.f == WRITE:
            begin = begun.get((operation.key, operation.process), operation.at)
        first = taken.get(operation.key)
        if first is not None and first < begin:
            twice.add(operation.key)
        taken[operation.key] = min(operation.ended, first if first is not None else operation.ended)
    return len(twice), len(taken)


MEASUREMENTS = {"agreement-names": unique_names}
