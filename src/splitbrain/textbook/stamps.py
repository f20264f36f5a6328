"""Measurements about stamps of clocks, beside what happened before what in the simulator (`happened_before`).

A cause is an update that happened before another one by messages that bring updates. One that did so only by other
messages, which carry no stamp, is *silent*: it is told apart, for no stamp can know of it. What neither made is
concurrent.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.targets.stores.replicas import word
from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.happened_before import HappenedBefore, StampedUpdate
from splitbrain.textbook.simulated import SimulatedOperation, SimulatedRun, block, script, simulate

RUNS = 2
SKEW_MS = 80
"""The greatest difference between two wall clocks: some are half of it ahead or behind."""
SKEWED = script({"fault": f"clock:kind=offset,min_seconds={SKEW_MS / 2000},max_seconds={SKEW_MS / 2000}", "start": 0.1,
                 "duration": 9.5})  # fmt: skip
SPLIT = script({"fault": "partition:topology=halves,mode=lose", "start": 2.0, "duration": 4.0})
FIELDS: Mapping[str, Any] = {"rate": 60.0, "time_limit": 10.0, "timeout": 1.0, "world": "net.loss=0.05"}
REGISTERS: Mapping[str, Any] = {"workload": "availability", "model": "safe", "rate": 300.0}
"""Of stores by majorities, of which pairs of one key count, so that it takes more writes."""
NOT_ADVANCED = "bug=clock-not-advanced"
"""The planted bug: a node's clock does not go beyond the stamps that it has seen."""
OWN_ALONE = "bug=reads-are-no-dependencies"
"""The planted bug: a vector has what its node made, and not what it took from others."""
LAMPORT = "causal", "multi-leader:conflict=siblings", "crdt:type=or-set"
"""Stores whose nodes stamp by a Lamport clock."""
MAJORITIES = "abd", "quorum:read_repair=blocking"
"""Stores that stamp a write by the greatest stamp that a majority has of its key: no clock of a node."""
VECTORS: Mapping[str, Mapping[str, Any]] = {
    "causal": {}, "crdt:type=ot": {}, "multi-leader:conflict=siblings": {}, "quorum:read_repair=blocking": REGISTERS,
    f"causal:{OWN_ALONE}": {},
}  # fmt: skip
"""Stores with vectors: two that take an update after all that its writer had seen, two that do not, one with a bug."""
HYBRID = "multi-leader:conflict=hlc", "crdt:type=lww"
WALL = "multi-leader:conflict=lww"
HYBRID_BUG = f"multi-leader:conflict=hlc,{NOT_ADVANCED}"


@dataclass
class PairCounts:
    """Pairs of updates whose clocks are the same. causes: those of which one happened before the other by messages that
    bring updates; silent: by other messages alone; concurrent: the rest. wrong, silent_wrong: with a stamp that is not
    less than that of the effect; ordered: with different stamps. told, silent_told, told_concurrent: pairs of each kind
    of which vectors say what they are."""

    causes: int = 0
    wrong: int = 0
    told: int = 0
    silent: int = 0
    silent_wrong: int = 0
    silent_told: int = 0
    concurrent: int = 0
    ordered: int = 0
    told_concurrent: int = 0

    def add(self, updates: Sequence[StampedUpdate]) -> None:
        """Count all pairs of the updates of a run, which are in the order in which they were made."""
        by_key: dict[str, list[tuple[int, StampedUpdate]]] = defaultdict(list)
        for number, later in enumerate(updates):
            for place, earlier in by_key[later.key]:
                self._pair(place, earlier, later)
            by_key[later.key].append((number, later))

    def _pair(self, place: int, earlier: StampedUpdate, later: StampedUpdate) -> None:
        said = later.vector.get(earlier.dot[0], 0) >= earlier.dot[1]
        said_back = earlier.vector.get(later.dot[0], 0) >= later.dot[1]
        if later.brought >> place & 1:
            self.causes += 1
            self.wrong += earlier.stamp >= later.stamp
            self.told += said and not said_back
        elif later.past >> place & 1:
            self.silent += 1
            self.silent_wrong += earlier.stamp >= later.stamp
            self.silent_told += said and not said_back
        else:
            self.concurrent += 1
            self.ordered += earlier.stamp != later.stamp
            self.told_concurrent += not (said or said_back)


def followed(target: str, seed: int, **fields: Any) -> list[StampedUpdate]:
    """The updates of a run."""
    return followed_run(target, seed, **fields)[1]


def followed_run(target: str, seed: int, **fields: Any) -> tuple[SimulatedRun, list[StampedUpdate]]:
    """A run, and its updates."""
    history = HappenedBefore()
    environment = history.environment(seed, str(FIELDS["world"]))
    return simulate(target, seed, None, environment, **{**FIELDS, **fields}), history.updates


def counted(updates: Sequence[StampedUpdate]) -> PairCounts:
    """The pairs of a run."""
    counts = PairCounts()
    counts.add(updates)
    return counts


def lamport(seed: int) -> ClaimSample:
    """Stores that stamp by a Lamport clock, one with a bug, and registers whose versions are stamped."""
    found, wrong, ordered = RunShares(), {}, {}
    for target in (*LAMPORT, f"causal:{NOT_ADVANCED}"):
        runs = [counted(followed(target, one, schedule=SPLIT)) for one in block(seed, RUNS)]
        wrong[target], _ = found.add(
            f"causes whose stamp is not less than that of their effect, {target}",
            [(one.wrong, one.causes) for one in runs],
        )
        if target in LAMPORT:
            name = f"pairs that are concurrent and ordered by their stamps, {target}"
            ordered[target], _ = found.add(name, [(one.ordered, one.concurrent) for one in runs])
            name = f"causes by messages without a stamp whose stamp is not less than that of their effect, {target}"
            found.add(name, [(one.silent_wrong, one.silent) for one in runs])
    late = _majorities(seed, found)
    buggy = wrong.pop(f"causal:{NOT_ADVANCED}")
    seen = all(ordered.values()) and all(count for name, (_, count) in found.shares.items() if "without" not in name)
    confirmed = seen and not any(wrong.values()) and not late and buggy > 0
    return found.sample(found_if(confirmed=confirmed, refuted=late + sum(wrong.values()) > 0))


def _majorities(seed: int, found: RunShares) -> int:
    """Take in the stamps of registers by majorities; how many are not less than that of a write that began after
    theirs was acknowledged."""
    late = 0
    for target in MAJORITIES:
        runs = [followed_run(target, one, schedule=SPLIT, **REGISTERS) for one in block(seed, RUNS)]
        counts = [counted(updates) for _, updates in runs]
        name = f"causes whose stamp is not less than that of their effect, {target}"
        found.add(name, [(one.wrong, one.causes) for one in counts])
        name = f"writes whose stamp is not less than that of one begun after their acknowledgement, {target}"
        late += found.add(name, [_acknowledged_before(*one) for one in runs])[0]
    return late


def _acknowledged_before(run: SimulatedRun, updates: Sequence[StampedUpdate]) -> tuple[int, int]:
    """Pairs of acknowledged writes of a key, one after the other, that stamps put the other way round, and all."""
    stamps = {update.value: update.stamp for update in updates}
    pairs = [
        (stamps[word(earlier.value)], stamps[word(later.value)])
        for earlier, later in _one_after_the_other(run, "write")
    ]
    return sum(earlier >= later for earlier, later in pairs), len(pairs)


def vectors(seed: int) -> ClaimSample:
    """Vectors of what a node had taken, of stores and of one with a bug."""
    found, told, concurrent = RunShares(), {}, {}
    for target, fields in VECTORS.items():
        runs = [counted(followed(target, one, **{"schedule": SPLIT, **fields})) for one in block(seed, RUNS)]
        told[target] = found.add(
            f"causes that vectors tell to be causes, {target}", [(one.told, one.causes) for one in runs]
        )
        concurrent[target] = found.add(
            f"concurrent pairs that vectors tell to be concurrent, {target}",
            [(one.told_concurrent, one.concurrent) for one in runs],
        )
        if target in LAMPORT:
            name = f"causes by messages without a vector that vectors tell to be causes, {target}"
            found.add(name, [(one.silent_told, one.silent) for one in runs])
    *told_ones, (buggy, of_buggy) = told.values()
    exactly, direct = told_ones[:2], told_ones[2:]
    exact = all(good == whole > 0 for good, whole in (*exactly, *concurrent.values()))
    nearly = all(good > 0.99 * whole > 0 for good, whole in direct)
    return found.sample(found_if(confirmed=exact and nearly and buggy < of_buggy, refuted=not exact))


def hybrid(seed: int) -> ClaimSample:
    """Stores that stamp by a hybrid logical clock, or by the wall clock, where wall clocks are 80 ms apart."""
    found, amounts, wrong, beyond = RunShares(), dict[str, list[float]](), {}, 0
    for target in (*HYBRID, WALL, HYBRID_BUG):
        runs = [followed(target, one, schedule=SKEWED) for one in block(seed, RUNS)]
        counts = [counted(updates) for updates in runs]
        wrong[target], _ = found.add(
            f"causes whose stamp is not less than that of their effect, {target}",
            [(one.wrong, one.causes) for one in counts],
        )
        amounts[f"ms by which a stamp is ahead of its node's clock at most, {target}"] = [
            max(update.stamp - update.wall for update in updates) / 1e6 for updates in runs
        ]
        for updates in runs:
            fastest = max(update.wall - update.at for update in updates)
            beyond += sum(update.stamp - update.at > fastest + len(updates) for update in updates)
    clean = [wrong[target] for target in HYBRID]
    bounded = max(max(found) for found in amounts.values()) <= SKEW_MS + 0.001 and not beyond
    seen = all(whole for _, whole in found.shares.values())
    confirmed = seen and bounded and not any(clean) and wrong[WALL] > 0 and wrong[HYBRID_BUG] > 0
    return found.sample(found_if(confirmed=confirmed, refuted=any(clean) or not bounded), amounts=amounts)


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


def event_time(seed: int) -> ClaimSample:
    """Messages to a log, each sent up to 80 ms after another one was acknowledged, by the clock of the node and by
    their offset."""
    found = RunShares()
    for one in block(seed, RUNS):
        by_clock = by_offset = whole = 0
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
        found.add("messages that stand the wrong way round by event time", [(by_clock, whole)])
        found.add("messages that stand the wrong way round by offset", [(by_offset, whole)])
    (wrong_by_clock, whole), (wrong_by_offset, _) = found.shares.values()
    refuted = wrong_by_clock > 0 == wrong_by_offset
    return found.sample(found_if(confirmed=wrong_by_clock == 0 < whole, refuted=refuted))


MEASUREMENTS: Mapping[str, Callable[[int], ClaimSample]] = {
    "clocks-lamport": lamport,
    "clocks-vectors": vectors,
    "clocks-hybrid": hybrid,
    "clocks-event-time": event_time,
}
