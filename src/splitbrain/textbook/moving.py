"""Measurement about keys that move between groups of nodes while clients write them."""

from collections import Counter
from collections.abc import Mapping
from typing import cast

from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, each_until_ok, on_threads, sleep, then
from splitbrain.harness.history import History
from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.registry import simulator
from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SimulatedRun, block, simulate
from splitbrain.workloads.workload import Size, Workload

RUNS, SETS = 2, 32
ADD, READ = "add", "read"
STORE = "sharded:rebalance_ms=200"
HASTY = "moved-without-writes-in-flight"
"""The planted bug: a slot moves with the state that it had before its source stopped serving it."""


def _main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    def addition(context: Context) -> Operation:
        element = size.unique(context.thread, context.ordinal)
        return Operation(ADD, element, f"set{context.draws.below(SETS)}")

    return calls(addition)


def _final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    reads = each_until_ok([Operation(READ, None, f"set{number}") for number in range(SETS)])
    return on_threads(range(1), then(sleep(1.0), reads))


SHAPES = {ADD: Shape("element", "element"), READ: Shape("none", "elements", effects=False)}
ADDITIONS = Workload(
    "additions", "additions to many sets", SHAPES, (), _main, lambda settings: (), _final,
)  # fmt: skip


def writes_kept(seed: int) -> ClaimSample:
    """Acknowledged additions that are gone in the end, where slots of keys move all the time."""
    found, moves = RunShares(), list[float]()
    for words, target, faults in (
        ("without faults", STORE, ""), ("with partitions and crashes", STORE, "partition,kill"),
        ("a slot that moves before its source stops", f"{STORE},bug={HASTY}", ""),
    ):  # fmt: skip
        for one in block(seed, RUNS):
            environment = simulator(one, "")
            owners = Counter[tuple[int, int]]()

            def hear(event: MarkEvent, owners: Counter[tuple[int, int]] = owners) -> None:
                slot, epoch = event.values[:2]
                owners[slot, epoch] += 1

            cast("Marking", environment).marks.subscribe(hear, "owner")
            run = simulate(
                target, one, ADDITIONS, environment, workload="set", rate=200.0, timeout=1.0, time_limit=10.0,
                **({"nemesis": faults} if faults else {}),
            )  # fmt: skip
            found.add(f"acknowledged additions lost, {words}", [additions_lost(run)])
            moves.append(float(len(owners)))
    (quiet, _), (faulty, _), (hasty, _) = found.shares.values()
    seen = min(moves) > 1 and all(whole for _, whole in found.shares.values())
    finding = found_if(confirmed=seen and quiet == faulty == 0 < hasty, refuted=quiet + faulty > 0)
    return found.sample(finding, amounts={"moves of a slot in ten seconds": moves})


def additions_lost(run: SimulatedRun) -> tuple[int, int]:
    """Acknowledged additions to sets that were read in the end and do not have them, and all to these sets."""
    last = {read.key: set(read.value or ()) for read in run.operations(READ) if read.ok}
    added = [(one.key, one.value) for one in run.operations(ADD) if one.ok and one.key in last]
    return sum(value not in last[key] for key, value in added), len(added)


MEASUREMENTS = {"partitions-moves": writes_kept}
