"""Measurements about stamps of clocks, beside the order in which things happened in the simulator.

An update happened before another one if the node that made the other one had taken it by then, or one that it happened
before (Lamport 1978: the order of each node, and from each message that brings an update to what its receiver does
then). It is followed from the marks of all nodes as they are made, whatever stamps say. `made` has an update's name,
its stamp, its vector and the wall clock of its node; `has` the name of one that a node takes.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.registry import simulator
from splitbrain.targets.stores.replicas import word
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.simulated import SimulatedOperation, SimulatedRun, block, script, simulate

RUNS = 2
SKEW_MS = 80
"""The greatest difference between two wall clocks: some are half of it ahead or behind."""
SKEWED = script({"fault": f"clock:kind=offset,min_seconds={SKEW_MS / 2000},max_seconds={SKEW_MS / 2000}", "start": 0.1,
                 "duration": 9.5})  # fmt: skip
SPLIT = script({"fault": "partition:topology=halves,mode=lose", "start": 2.0, "duration": 4.0})
FIELDS: Mapping[str, Any] = {"rate": 60.0, "time_limit": 10.0, "timeout": 1.0, "world": "net.loss=0.05"}
NOT_ADVANCED = "bug=clock-not-advanced"
"""The planted bug: a node's clock does not go beyond the stamps that it has seen."""
OWN_ALONE = "bug=reads-are-no-dependencies"
"""The planted bug: a vector has what its node made, and not what it took from others."""


@dataclass(frozen=True)
class StampedUpdate:
    """An update as it was made. past: the numbers of those that happened before it, as bits. wall, at: the clock of its
    node, and true time, nanoseconds."""

    dot: tuple[str, int]
    stamp: int
    vector: Mapping[str, int]
    wall: int
    at: int
    past: int


class HappenedBefore:
    """Follow updates through the nodes of a run."""

    def __init__(self) -> None:
        self.updates: list[StampedUpdate] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._taken: dict[str, int] = defaultdict(int)
        """Node → what it has taken, and what happened before that, as bits."""

    def hear(self, event: MarkEvent) -> None:
        """Take in a mark."""
        if event.name == "made":
            dot, stamp, vector, wall = event.values
            self._numbers[dot] = len(self.updates)
            self.updates.append(StampedUpdate(dot, stamp, dict(vector), wall, event.time, self._taken[event.node]))
            return
        number = self._numbers[event.values[0], event.values[1]]
        self._taken[event.node] |= 1 << number | self.updates[number].past


@dataclass
class PairCounts:
    """Pairs of updates. causes: those of which one happened before the other; wrong: of these, with a stamp that is not
    less; concurrent: the others; ordered: of these, with different stamps. told, told_concurrent: pairs of each kind of
    which vectors say so."""

    causes: int = 0
    wrong: int = 0
    concurrent: int = 0
    ordered: int = 0
    told: int = 0
    told_concurrent: int = 0

    def add(self, updates: Sequence[StampedUpdate]) -> None:
        """Count all pairs of the updates of a run, which are in the order in which they were made."""
        for number, later in enumerate(updates):
            for place, earlier in enumerate(updates[:number]):
                before = bool(later.past >> place & 1)
                said = later.vector.get(earlier.dot[0], 0) >= earlier.dot[1]
                said_back = earlier.vector.get(later.dot[0], 0) >= later.dot[1]
                self.told += before and said and not said_back
                self.told_concurrent += not (before or said or said_back)
                self.causes += before
                self.wrong += before and earlier.stamp >= later.stamp
                self.concurrent += not before
                self.ordered += not before and earlier.stamp != later.stamp


def followed(target: str, seed: int, **fields: Any) -> list[StampedUpdate]:
    """The updates of a run."""
    environment, followed_ones = simulator(seed, str(FIELDS["world"])), HappenedBefore()
    cast("Marking", environment).marks.subscribe(followed_ones.hear, "made", "has")
    simulate(target, seed, None, environment, **{**FIELDS, **fields})
    return followed_ones.updates


def _pairs(target: str, seed: int, **fields: Any) -> PairCounts:
    counts = PairCounts()
    for one in block(seed, RUNS):
        counts.add(followed(target, one, **fields))
    return counts


def lamport(seed: int) -> ClaimSample:
    """Stores that stamp by a logical clock, and one with a bug; and versions of registers that are stamped."""
    shares, wrong = {}, {}
    for target in ("causal", "multi-leader:conflict=siblings", "crdt:type=or-set", f"causal:{NOT_ADVANCED}"):
        counts = _pairs(target, seed, schedule=SPLIT)
        wrong[target] = counts.wrong
        shares[f"causes whose stamp is not less than that of their effect, {target}"] = counts.wrong, counts.causes
        if NOT_ADVANCED not in target:
            shares[f"pairs that are concurrent and ordered by their stamps, {target}"] = (
                counts.ordered, counts.concurrent,
            )  # fmt: skip
    for target in ("abd", "quorum:read_repair=blocking"):
        found = [_versions(target, one) for one in block(seed, RUNS)]
        wrong[target] = sum(bad for bad, _ in found)
        shares[f"writes whose stamp is not less than that of one begun after their acknowledgement, {target}"] = (
            wrong[target], sum(whole for _, whole in found),
        )  # fmt: skip
    *_, (ordered, _) = [share for name, share in shares.items() if "concurrent" in name]
    *correct, buggy = [wrong[name] for name in wrong if NOT_ADVANCED not in name] + [wrong[f"causal:{NOT_ADVANCED}"]]
    confirmed = not any(correct) and buggy > 0 and ordered > 0
    return ClaimSample(found_if(confirmed=confirmed, refuted=any(correct)), shares)


def _versions(target: str, seed: int) -> tuple[int, int]:
    """Pairs of acknowledged writes of a key, one after the other, that stamps put the other way round, and all."""
    environment = simulator(seed, str(FIELDS["world"]))
    values: dict[str, tuple[str, int]] = {}
    stamps: dict[tuple[str, int], int] = {}

    def hear(event: MarkEvent) -> None:
        if event.name == "version":
            values[str(event.values[1])] = event.values[0]
        else:
            stamp, actor, number = event.values[1]
            stamps[actor, number] = stamp

    cast("Marking", environment).marks.subscribe(hear, "version", "copy")
    run = simulate(target, seed, None, environment, **{**FIELDS, "workload": "availability", "model": "safe"})
    pairs = [
        tuple(stamps[values[word(one.value)]] for one in pair) for pair in _one_after_the_other(run, "write")
        if all(values.get(word(one.value)) in stamps for one in pair)
    ]  # fmt: skip
    return sum(earlier >= later for earlier, later in pairs), len(pairs)


def _one_after_the_other(run: SimulatedRun, f: str) -> Sequence[tuple[SimulatedOperation, SimulatedOperation]]:
    """Pairs of operations on one key of which one began after the other had been acknowledged."""
    by_key: dict[object, list[SimulatedOperation]] = defaultdict(list)
    for one in run.operations(f):
        if one.ok and one.ended is not None:
            by_key[one.key].append(one)
    return [
        (earlier, later)
        for them in by_key.values()
        for earlier in them
        for later in them
        if earlier.ended is not None and earlier.ended < later.at
    ]


def vectors(seed: int) -> ClaimSample:
    """Vectors of what a node had taken, of stores and of one with a bug."""
    shares = {}
    for target in ("causal", "crdt:type=ot", "multi-leader:conflict=siblings", f"causal:{OWN_ALONE}"):
        counts = _pairs(target, seed, schedule=SPLIT)
        shares[f"causes that vectors tell to be causes, {target}"] = counts.told, counts.causes
        shares[f"concurrent pairs that vectors tell to be concurrent, {target}"] = (
            counts.told_concurrent, counts.concurrent,
        )  # fmt: skip
    *exactly, (direct, of_direct), _, (buggy, of_buggy), _ = shares.values()
    exact = all(told == whole > 0 for told, whole in exactly) and direct > 0.99 * of_direct
    return ClaimSample(found_if(confirmed=exact and buggy < of_buggy, refuted=not exact), shares)


def hybrid(seed: int) -> ClaimSample:
    """Stores that stamp by a hybrid logical clock, or by the wall clock, where wall clocks are 80 ms apart."""
    shares, amounts, wrong, beyond = {}, {}, {}, {}
    for target in (
        "multi-leader:conflict=hlc", "crdt:type=lww", "multi-leader:conflict=lww",
        f"multi-leader:conflict=hlc,{NOT_ADVANCED}",
    ):  # fmt: skip
        counts, ahead, wrong[target], beyond[target] = PairCounts(), [], 0, 0
        for one in block(seed, RUNS):
            updates = followed(target, one, schedule=SKEWED)
            counts.add(updates)
            fastest = max(update.wall - update.at for update in updates)
            ahead.append(max(update.stamp - update.wall for update in updates) / 1e6)
            beyond[target] += sum(update.stamp - update.at > fastest + len(updates) for update in updates)
        wrong[target] = counts.wrong
        shares[f"causes whose stamp is not less than that of their effect, {target}"] = counts.wrong, counts.causes
        amounts[f"ms by which a stamp is ahead of its node's clock at most, {target}"] = ahead
    plain, buggy, *clean = (wrong[name] for name in (
        "multi-leader:conflict=lww", f"multi-leader:conflict=hlc,{NOT_ADVANCED}", "multi-leader:conflict=hlc",
        "crdt:type=lww",
    ))  # fmt: skip
    bounded = max(max(found) for found in amounts.values()) <= SKEW_MS + 0.001 and not any(beyond.values())
    confirmed = bounded and not any(clean) and plain > 0 and buggy > 0
    return ClaimSample(found_if(confirmed=confirmed, refuted=any(clean) or not bounded), shares, amounts)


def event_time(seed: int) -> ClaimSample:
    """Messages to a log, each sent up to 80 ms after another one was acknowledged, by the clock of the node and by
    their offset."""
    by_clock = by_offset = whole = 0
    for one in block(seed, RUNS):
        run = simulate("log", one, **{**FIELDS, "workload": "log", "rate": 100.0, "schedule": SKEWED})
        skew = {node: int(ms * 1_000_000) for node, ms in run.windows("clock")[0].value["offset_ms"].items()}
        offsets = {
            (poll.key, message): offset
            for poll in run.operations("poll") if poll.ok for offset, message in poll.value or ()
        }  # fmt: skip
        for earlier, later in _one_after_the_other(run, "send"):
            names = (earlier.key, earlier.value), (later.key, later.value)
            near = earlier.ended is not None and later.at - earlier.ended < SKEW_MS * 1_000_000
            if near and all(name in offsets for name in names):
                whole += 1
                by_offset += offsets[names[0]] >= offsets[names[1]]
                by_clock += earlier.at + skew.get(earlier.node, 0) >= later.at + skew.get(later.node, 0)
    shares = {
        "messages that stand the wrong way round by event time": (by_clock, whole),
        "messages that stand the wrong way round by offset": (by_offset, whole),
    }
    as_said = by_clock > 0 == by_offset
    return ClaimSample(ClaimFinding.REFUTED if as_said else ClaimFinding.UNSETTLED, shares)


MEASUREMENTS: Mapping[str, Callable[[int], ClaimSample]] = {
    "clocks-lamport": lamport,
    "clocks-vectors": vectors,
    "clocks-hybrid": hybrid,
    "clocks-event-time": event_time,
}
