"""Measurements of problems equivalent to consensus: on raft, and on stores in which both sides of a split answer.

Each share counts what must not be: a question with two answers, a lock with two holders, a value replaced twice, two
entries taken in opposite orders. Stores that compare and set do it by that; the others by looking first.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.registry import simulator
from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.scripts import (
    COUNT_SHAPES,
    SET_SHAPES,
    ClientScript,
    DecideByComparing,
    DecideByReading,
    LockByComparing,
    LockByReading,
    ReplaceByComparing,
    ReplaceByReading,
    SellByComparing,
    SellByCounter,
    scripted,
)
from splitbrain.textbook.simulated import SimulatedRun, block, script, simulate
from splitbrain.workloads.register import CAS, READ, READ_WRITE, WRITE

RUNS = 2
SPLIT = script({"fault": "partition:topology=halves,mode=lose", "start": 1.5, "duration": 5.0})
WEAK = ("multi-leader:conflict=hlc", "causal", "crdt:type=lww")
MEMBERS = tuple(f"without n{number}" for number in range(1, 6))
ENDS = ("commit", "abort")
THREADS, ITEMS, STOCK = 10, 3, 4
Wrong = Callable[[SimulatedRun], tuple[int, int]]
"""Function that counts what must not be in a run, and all of its kind."""


def _measured(seed: int, words: str, strong: ClientScript, weak: ClientScript, wrong: Wrong) -> ClaimSample:
    """Counts of what must not be, on raft and on the others: confirmed if raft alone has none of it."""
    found = RunShares()
    for target, clients, shapes in (("raft", strong, SET_SHAPES), *((one, weak, READ_WRITE) for one in WEAK)):
        counts = [
            wrong(simulate(
                target, one, scripted("scripted", clients, shapes), workload="availability", rate=100.0, timeout=1.0,
                time_limit=8.0, schedule=SPLIT,
            ))
            for one in block(seed, RUNS)
        ]  # fmt: skip
        found.add(f"{words}, {target}", counts)
    (none, of_strong), *others = found.shares.values()
    confirmed = of_strong > 0 and none == 0 and all(part for part, _ in others)
    return found.sample(found_if(confirmed=confirmed, refuted=none > 0))


def answers_differ(run: SimulatedRun) -> tuple[int, int]:
    """Questions of which clients learnt two different answers, and all of which one did."""
    learnt: dict[object, set[object]] = defaultdict(set)
    for one in run.operations(READ, CAS):
        value = one.value[1] if one.f == CAS and one.ok else one.value
        if one.ok and value is not None:
            learnt[one.key].add(value)
    return sum(len(found) > 1 for found in learnt.values()), len(learnt)


def membership(seed: int) -> ClaimSample:
    """Changes of membership: every node proposes another one that is to be left out next."""
    return _measured(
        seed, "changes of membership of which two different ones were learnt", DecideByComparing("change", MEMBERS),
        DecideByReading("change", MEMBERS), answers_differ,
    )  # fmt: skip


def commit(seed: int) -> ClaimSample:
    """The ends of transactions: half of the nodes propose that they commit, the others, who miss a vote, that not."""
    words = "transactions that were committed for some and aborted for others"
    return _measured(
        seed, words, DecideByComparing("transaction", ENDS), DecideByReading("transaction", ENDS), answers_differ
    )


def lock(seed: int) -> ClaimSample:
    """Locks that clients take, use, and give back."""
    return _measured(
        seed, "times a lock was held by two at once", LockByComparing(), LockByReading(), held_twice
    )  # fmt: skip


def held_twice(run: SimulatedRun) -> tuple[int, int]:
    """Holds of a lock that began while another one was on, and all. A hold lasts from the use of the lock, which begins
    when its client knows that it has it, until it begins to give it back."""
    holds: dict[object, list[tuple[int, int]]] = defaultdict(list)
    began: dict[int, int] = {}
    for one in run.operations(READ, WRITE, CAS):
        key = str(one.key)
        if key.startswith("used"):
            began[one.process] = one.at
        elif one.process in began and one.f != READ:
            holds[key].append((began.pop(one.process), one.at))
    twice = 0
    for spans in holds.values():
        last = -1
        for start, stop in sorted(spans):
            twice, last = twice + (start < last), max(last, stop)
    return twice, sum(map(len, holds.values()))


def compare(seed: int) -> ClaimSample:
    """Registers whose values are read and replaced."""
    return _measured(
        seed, "values replaced twice, one after the other", ReplaceByComparing(), ReplaceByReading(), replaced_twice
    )


def replaced_twice(run: SimulatedRun) -> tuple[int, int]:
    """Replacements of a value that had been replaced, with acknowledgement, before it was read for this; and all."""
    gone: dict[tuple[object, object], int] = {}
    seen: dict[int, tuple[object, int]] = {}
    twice = whole = 0
    for one in run.operations(READ, WRITE, CAS):
        if one.f == READ:
            seen[one.process] = one.value, one.at
            continue
        value, since = seen.get(one.process, (None, one.at))
        old = one.key, value
        if not one.ok or one.ended is None:
            continue
        whole += 1
        twice += old in gone and gone[old] < since
        gone[old] = min(one.ended, gone.get(old, one.ended))
    return twice, whole


def order(seed: int) -> ClaimSample:
    """The orders in which nodes take what was written."""
    found = RunShares()
    for target, mark in (("raft", "applied"), *((one, "has") for one in WEAK)):
        for one in block(seed, RUNS):
            environment = simulator(one, "")
            taken: dict[str, list[Any]] = defaultdict(list)

            def hear(event: MarkEvent, taken: dict[str, list[Any]] = taken) -> None:
                taken[event.node].append(event.values[1] if event.name == "applied" else event.values)

            cast("Marking", environment).marks.subscribe(hear, mark)
            simulate(
                target, one, None, environment, workload="availability", rate=60.0, timeout=1.0, time_limit=8.0,
                schedule=SPLIT, model="safe",
            )  # fmt: skip
            name = f"pairs of updates taken in opposite orders by two nodes, {target}"
            found.add(name, [opposite_pairs(list(taken.values()))])
    (none, whole), *others = found.shares.values()
    confirmed = whole > 0 and none == 0 and all(part for part, _ in others)
    return found.sample(found_if(confirmed=confirmed, refuted=none > 0))


def opposite_pairs(orders: Sequence[Sequence[Any]]) -> tuple[int, int]:
    """Pairs of neighbours in one order that stand the other way round in the first one, and all that stand in both."""
    opposite = pairs = 0
    place = {name: number for number, name in enumerate(orders[0])} if orders else {}
    for others in orders[1:]:
        there = [place[name] for name in others if name in place]
        opposite += sum(after < before for before, after in pairwise(there))
        pairs += max(0, len(there) - 1)
    return opposite, pairs


def stock(seed: int) -> ClaimSample:
    """Pieces that are sold while one is seen: items of which more were sold than there were."""
    found, agreeing = RunShares(), {}
    for target, named, clients, shapes in (
        ("crdt:type=pn-counter", "counter", SellByCounter(ITEMS, STOCK, THREADS), COUNT_SHAPES),
        ("raft", "register", SellByComparing(ITEMS, STOCK, THREADS), SET_SHAPES),
    ):
        runs = [
            simulate(
                target, one, scripted("scripted", clients, shapes), workload=named, rate=100.0, timeout=1.0,
                time_limit=12.0, schedule=SPLIT, concurrency=THREADS,
            )
            for one in block(seed, RUNS)
        ]  # fmt: skip
        found.add(f"items sold below zero, {target}", [oversold(run) for run in runs])
        name = f"runs whose copies were the same in the end, {target}"
        agreeing[name] = sum(run.held for run in runs), len(runs)
    (below, items), (none, of_raft) = found.shares.values()
    (same, whole), _ = agreeing.values()
    refuted = below > 0 and same == whole and none == 0 and of_raft > 0
    return found.sample(found_if(confirmed=below == 0 < items, refuted=refuted), agreeing)


def oversold(run: SimulatedRun) -> tuple[int, int]:
    """Items of which more pieces were sold, with acknowledgement, than were stocked, and all."""
    left: dict[object, int] = defaultdict(int)
    for one in run.operations("increment", WRITE, CAS):
        if one.ok:
            left[one.key] += one.value[1] - one.value[0] if one.f == CAS else one.value
    return sum(pieces < 0 for pieces in left.values()), len(left)


MEASUREMENTS: Mapping[str, Callable[[int], ClaimSample]] = {
    "agreement-membership": membership,
    "agreement-order": order,
    "agreement-commit": commit,
    "agreement-lock": lock,
    "agreement-compare": compare,
    "agreement-stock": stock,
}
