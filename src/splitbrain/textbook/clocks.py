"""Measurements about wall clocks that decide which write wins."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import cast

import msgspec

from splitbrain.harness.generator import Completion, Context, Generator, Wait, each_until_ok, on_threads, sleep, then
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.history import History
from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.registry import simulator
from splitbrain.targets.stores.replicas import word
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SimulatedRun, block, script, simulate
from splitbrain.workloads.register import READ_WRITE
from splitbrain.workloads.workload import Size, Workload

RUNS = 2
WRITES_A_KEY = 7
"""Another number than of nodes, so that the last writes of keys go through all of them in turn."""
MANY_MORE = 4
"""The factor by which wrong clocks have to lose more than true ones, and than hybrid ones."""
COMMIT_WAIT_RUNS = 8
SOON_NS = 10_000_000
BOUND_MS = 7
TRUETIME = f"truetime:bound_ms={BOUND_MS}"
AT_WALL = f"{TRUETIME},bug=reads-at-wall-clock"
SKEW = "clock:kind=offset,min_seconds=1,max_seconds=10"


class MovingWriter(msgspec.Struct, frozen=True):
    """One writer that goes from node to node: each write begins after the last one ended, through the next node.

    at: how many writes began. busy: whether one is under way.
    """

    threads: int
    at: int = 0
    busy: bool = False

    def next(self, context: Context) -> tuple[Answer, Generator]:
        if self.busy or context.thread != self.at % self.threads:
            return Wait(), self
        key = f"k{self.at // WRITES_A_KEY}"
        return Operation("write", self.at, key), MovingWriter(self.threads, self.at + 1, True)

    def update(self, completion: Completion) -> Generator:
        return MovingWriter(self.threads, self.at) if completion.operation.f == "write" else self


def _main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    return MovingWriter(size.concurrency)


def _final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    values = history.pool.values
    keys = list(dict.fromkeys(values[key] for key in history.operations().key))
    reads = each_until_ok([Operation("read", None, key) for key in keys])
    return on_threads(range(size.nodes), then(sleep(2.0), reads))


MOVING = Workload(
    "moving-writer", "one writer that moves between nodes", READ_WRITE, (), _main, lambda settings: (), _final
)


def moving_writer(seed: int) -> ClaimSample:
    """The last write of each key, by a single writer that moves between nodes, and what the key holds at the end."""
    found = RunShares()
    for target, skewed in (
        ("multi-leader:conflict=lww", True), ("multi-leader:conflict=lww", False), ("multi-leader:conflict=hlc", True),
    ):  # fmt: skip
        clocks = "clocks seconds apart" if skewed else "true clocks"
        name = f"keys whose last write of the only writer is gone, {target.partition('=')[2]}, {clocks}"
        for one in block(seed, RUNS):
            gone = whole = 0
            schedule = script({"fault": SKEW, "start": 0.5, "duration": 18.0})
            run = simulate(
                target, one, MOVING, workload="availability", rate=20.0, concurrency=5, time_limit=20.0,
                **({"schedule": schedule} if skewed else {}),
            )  # fmt: skip
            last = {write.key: write.value for write in run.operations("write") if write.ok}
            for key, value in last.items():
                reads = [read.value for read in run.operations("read") if read.ok and read.key == key]
                if reads:
                    whole, gone = whole + 1, gone + (value not in reads)
            found.add(name, [(gone, whole)])
    (skewed_gone, whole), (true_gone, of_true), (hybrid_gone, of_hybrid) = found.shares.values()
    by_clocks = skewed_gone > MANY_MORE * max(true_gone, hybrid_gone) and min(of_true, of_hybrid) > 0
    return found.sample(found_if(confirmed=skewed_gone == 0 < whole, refuted=by_clocks))


def discards(seed: int) -> ClaimSample:
    """Acknowledged writes that last-write-wins overwrites though their writers did not know of each other."""
    found = RunShares()
    for faults, schedule in (
        ("no faults", None), ("a split of 5 s", script({"fault": "partition:topology=halves,mode=lose", "start": 2.0,
                                                         "duration": 5.0})),
    ):  # fmt: skip
        for one in block(seed, RUNS):
            run = simulate(
                "multi-leader:conflict=lww", one, workload="availability", rate=100.0, time_limit=10.0,
                **({"schedule": schedule} if schedule else {}),
            )  # fmt: skip
            name = f"acknowledged writes discarded for one that did not know of them, {faults}"
            found.add(name, [(run.detail("overwritten"), run.detail("acknowledged"))])
    (_, _), (lost, whole) = found.shares.values()
    return found.sample(found_if(confirmed=lost > 0, refuted=whole > 0 and lost == 0))


def _offset(least_ms: float, most_ms: float) -> str:
    return f"clock:kind=offset,min_seconds={least_ms / 1000:g},max_seconds={most_ms / 1000:g}"


def interval(seed: int) -> ClaimSample:
    """Intervals of clocks at their wall time give or take 7 ms, as reads are stamped: whether true time is in them."""
    found = RunShares()
    for words, faults, target in (
        ("within the bound", _offset(1, 6), TRUETIME), ("beyond it", _offset(20, 200), TRUETIME),
        ("within the bound, and a store that takes the wall clock for the latest time", _offset(1, 6), AT_WALL),
    ):  # fmt: skip
        for one in block(seed, RUNS):
            environment = simulator(one, "")
            marks = cast("Marking", environment).marks
            reads: list[MarkEvent] = []
            starts: list[MarkEvent] = []
            marks.subscribe(reads.append, "asked")
            marks.subscribe(starts.append, "clock")
            simulate(target, one, None, environment, nemesis=faults, time_limit=10.0)
            offset = starts[0].values[0] - starts[0].time
            holding = sum(0 <= read.values[0] - (read.time + offset) <= 2 * BOUND_MS * 1_000_000 for read in reads)
            found.add(f"intervals that hold true time, clocks {words}", [(holding, len(reads))])
    (inside, inside_of), (beyond, beyond_of), (buggy, buggy_of) = found.shares.values()
    as_said = inside == inside_of > 0 and 0 < beyond < beyond_of and buggy < buggy_of
    return found.sample(ClaimFinding.DEPENDS if as_said else ClaimFinding.UNSETTLED)


def commit_wait(seed: int) -> ClaimSample:
    """Writes stamped by clocks that are a few milliseconds wrong, shown at once and after commit wait."""
    found, shares, runs, wrong = RunShares(), {}, [], []
    for words, target in (("without commit wait", f"{TRUETIME},commit_wait=off"), ("with it", TRUETIME)):
        followed = [stamped(target, one) for one in block(seed, COMMIT_WAIT_RUNS)]
        runs.append([run for run, _ in followed])
        shares[f"runs in which a read missed an acknowledged write, {words}"] = (
            sum(run.refuted for run in runs[-1]), COMMIT_WAIT_RUNS,
        )  # fmt: skip
        wrong.append(found.add(
            f"writes whose timestamp is not less than that of one begun within 10 ms of their acknowledgement, {words}",
            [wrong_way_round(*one) for one in followed],
        ))  # fmt: skip
    without, waited = runs
    (hasty, _), (late, of_late) = wrong
    refuted = any(run.refuted for run in without) and all(run.held for run in waited) and hasty > 0 == late < of_late
    confirmed = all(run.held for run in without) and not hasty
    return found.sample(found_if(confirmed=confirmed, refuted=refuted), shares)


def stamped(target: str, seed: int) -> tuple[SimulatedRun, Mapping[str, int]]:
    """A run, and the timestamps of the values that were written."""
    environment, stamps = simulator(seed, ""), dict[str, int]()

    def hear(event: MarkEvent) -> None:
        value, stamp = event.values
        stamps[value] = stamp

    cast("Marking", environment).marks.subscribe(hear, "stamped")
    return simulate(target, seed, None, environment, nemesis=_offset(1, 6), time_limit=15.0), stamps


def wrong_way_round(run: SimulatedRun, stamps: Mapping[str, int]) -> tuple[int, int]:
    """Pairs of acknowledged writes, of whatever keys, of which one began up to `SOON_NS` after the other was
    acknowledged: those whose timestamps are the other way round, and all."""
    writes = [one for one in run.operations("write") if one.ok and one.ended is not None]
    begun = [one.at for one in writes]
    wrong = whole = 0
    for earlier in writes:
        end = cast("int", earlier.ended)
        for later in writes[bisect_right(begun, end) : bisect_right(begun, end + SOON_NS)]:
            whole += 1
            wrong += stamps[word(earlier.value)] >= stamps[word(later.value)]
    return wrong, whole


MEASUREMENTS = {
    "clocks-moving-writer": moving_writer,
    "clocks-discards": discards,
    "clocks-interval": interval,
    "clocks-commit-wait": commit_wait,
}
