"""Measurements about partitioning: how many keys move when a node joins, and how evenly keys lie."""

import hashlib
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean, stdev

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.indexes import IndexedTable, IndexKind, read_ms, served_without
from splitbrain.textbook.simulated import block, simulate

KEYS = 20_000
NODES = 10
TRIALS = 400
VIRTUAL = (1, 2, 4, 8, 16, 32, 64, 128)
NEAR = 0.15
"""The part of a predicted share by which a measured one may differ and still be it."""
RING_VIRTUAL = (1, 8, 128)
RINGS, RING_KEYS = 60, 2_000
ABOUT = 0.35
"""The same for the mean over rings: with one place each the arc of the newcomer has a deviation as great as its mean,
and the mean of 60 of them one of 13 %."""
TABLES, INDEX_RUNS = 4, 2
FULLEST = "load of the fullest of 11 nodes over the mean"


def hash_of(word: str) -> int:
    """A hash of 64 bits, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())


def ring_owner(nodes: int, virtual: int, seed: int) -> Callable[[int], int]:
    """Owners by consistent hashing (Karger et al., STOC 1997): each node has `virtual` places on a circle."""
    points = sorted((hash_of(f"{seed}/{node}#{number}"), node) for node in range(nodes) for number in range(virtual))
    places = [place for place, _ in points]
    return lambda key: points[bisect_right(places, key) % len(points)][1]


def jump_owner(nodes: int) -> Callable[[int], int]:
    """Owners by jump consistent hashing (Lamping and Veach 2014)."""

    def owner(key: int) -> int:
        at, after = -1, 0
        while after < nodes:
            at = after
            key = (key * 2862933555777941757 + 1) & ((1 << 64) - 1)
            after = int((at + 1) * ((1 << 31) / ((key >> 33) + 1)))
        return at

    return owner


@dataclass(frozen=True)
class KeyMoves:
    """Keys that move when an eleventh node joins ten.

    between: those that move from one old node to another. donors: nodes that keys come from. fullest: the load of the
    fullest of the eleven over the mean.
    """

    keys: int
    moved: int
    between: int
    donors: int
    fullest: float


def key_moves(keys: Sequence[int], owner: Callable[[int], Callable[[int], int]]) -> KeyMoves:
    """The moves of these keys. owner: the function that tells the owner of a key, by how many nodes there are."""
    before, after = owner(NODES), owner(NODES + 1)
    owners = [(before(key), after(key)) for key in keys]
    gone = [(at, to) for at, to in owners if at != to]
    load = Counter(to for _, to in owners)
    return KeyMoves(
        len(keys), len(gone), sum(to != NODES for _, to in gone), len({at for at, _ in gone}),
        max(load.values()) * (NODES + 1) / len(keys),
    )  # fmt: skip


def _keys(seed: int, number: int = KEYS) -> list[int]:
    return [hash_of(f"{seed}:key{key}") for key in range(number)]


def modulo(seed: int) -> ClaimSample:
    """The hash of a key modulo the number of nodes."""
    found = key_moves(_keys(seed), lambda nodes: lambda key: key % nodes)
    near = _near(found.moved / KEYS, NODES / (NODES + 1))
    shares = {
        "keys that move from 10 to 11 nodes": (found.moved, KEYS),
        "of these, keys that move between old nodes": (found.between, found.moved),
    }
    amounts = {"nodes that keys come from": [float(found.donors)], FULLEST: [found.fullest]}
    return ClaimSample(found_if(confirmed=near, refuted=not near), shares, amounts)


def ring(seed: int) -> ClaimSample:
    """Consistent hashing with 1, 8 and 128 virtual nodes each, over rings, and jump hashing."""
    owners: dict[str, Callable[[int], Callable[[int], Callable[[int], int]]]] = {
        f"ring of {virtual} virtual node{'s' * (virtual > 1)}": partial(_ring_of, seed, virtual)
        for virtual in RING_VIRTUAL
    } | {"jump hash": lambda trial: jump_owner}
    shares, amounts, near, between = RunShares(), {}, [], 0
    for name, of_trial in owners.items():
        found = [key_moves(_keys(RINGS * seed + trial, RING_KEYS), of_trial(trial)) for trial in range(RINGS)]
        moved = sum(one.moved for one in found)
        words = f"of the keys that move, those between old nodes, {name}"
        between += shares.add(words, [(one.between, one.moved) for one in found])[0]
        parts = [100 * one.moved / RING_KEYS for one in found]
        amounts[f"% of the keys that move from 10 to 11 nodes, mean of {RINGS}, {name}"] = [mean(parts)]
        amounts[f"standard deviation of that, {name}"] = [stdev(parts)]
        amounts[f"nodes that keys come from, {name}"] = [float(one.donors) for one in found]
        amounts[f"{FULLEST}, {name}"] = [one.fullest for one in found]
        near.append(_near(moved / (RINGS * RING_KEYS), 1 / (NODES + 1), ABOUT))
    return shares.sample(found_if(confirmed=all(near) and not between, refuted=between > 0), amounts=amounts)


def _ring_of(seed: int, virtual: int, trial: int) -> Callable[[int], Callable[[int], int]]:
    return lambda nodes: ring_owner(nodes, virtual, RINGS * seed + trial)


def fullest_named(virtual: int) -> str:
    """The name of a figure."""
    return f"load of the fullest of 10 nodes over the mean, {virtual} virtual node{'s' * (virtual > 1)}"


def evenness(seed: int) -> ClaimSample:
    """Load of the fullest node over the mean, by how many virtual nodes there are, over rings."""
    amounts = {
        fullest_named(virtual): [
            _fullest(ring_owner(NODES, virtual, 1000 * seed + trial), 2_000, trial) for trial in range(10)
        ]
        for virtual in VIRTUAL
    }
    one, eight, many = (sorted(amounts[fullest_named(virtual)])[5] for virtual in (1, 8, 128))
    finding = ClaimFinding.DEPENDS if many < eight < one and one > 1.5 and many < 1.5 else ClaimFinding.UNSETTLED
    return ClaimSample(finding, amounts=amounts)


def _fullest(owner: Callable[[int], int], keys: int, trial: int) -> float:
    load = Counter(owner(hash_of(f"{trial}:{number}")) for number in range(keys))
    return max(load.values()) * NODES / keys


def few_keys(seed: int) -> ClaimSample:
    """Ten keys on ten partitions: partitions that get none."""
    draw = RandomStream(seed, "textbook", "few keys")
    empty = sum(NODES - len({draw.below(NODES) for _ in range(NODES)}) for _ in range(TRIALS))
    near = _near(empty / (TRIALS * NODES), (1 - 1 / NODES) ** NODES)
    return ClaimSample(
        found_if(confirmed=near, refuted=not near), {"of ten partitions with ten keys, empty": (empty, TRIALS * NODES)}
    )


def hot_key(seed: int) -> ClaimSample:
    """A key that has half of all requests, plain and with one of ten suffixes; a read of it then asks for all ten."""
    draw = RandomStream(seed, "textbook", "hot key")
    plain, salted, parts = Counter[int](), Counter[int](), set[int]()
    for _ in range(KEYS):
        hot = draw.chance(0.5)
        key = "hot" if hot else f"key{draw.below(KEYS)}"
        plain[hash_of(f"{seed}:{key}") % NODES] += 1
        part = hash_of(f"{seed}:{key}/{draw.below(10)}" if hot else f"{seed}:{key}") % NODES
        salted[part] += 1
        if hot:
            parts.add(part)
    worst, better = (max(load.values()) * NODES / KEYS for load in (plain, salted))
    amounts = {
        "load of the fullest node over the mean, one key": [worst],
        "load of the fullest node over the mean, ten suffixes": [better],
        "nodes that one read of the key asks": [float(len(parts))],
    }
    depends = better < worst / 1.5 and len(parts) > 1
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, amounts=amounts)


def index_cost(seed: int) -> ClaimSample:
    """Reads by a secondary index: their time, and what is served of them while one partition of ten is down."""
    amounts, shares = {}, {}
    for kind in (IndexKind.LOCAL, IndexKind.SENT):
        draw = RandomStream(seed, "textbook", "index cost", kind.value)
        times = sorted(read_ms(kind, draw) for _ in range(KEYS))
        amounts[f"ms of a read, 99th percentile, {kind}"] = [times[int(0.99 * KEYS)]]
        amounts[f"ms of a read, median, {kind}"] = [times[KEYS // 2]]
        served = [served_without(kind, 0, draw)[0] for _ in range(TRIALS)]
        shares[f"reads served while one partition of ten is down, {kind}"] = sum(served), TRIALS
    (tail, *_), (middle, *_), (tail_of_one, *_), (middle_of_one, *_) = amounts.values()
    (local, _), (of_one, _) = shares.values()
    confirmed = tail > 2 * tail_of_one and middle > 2 * middle_of_one and local == 0 and of_one > 0.8 * TRIALS
    return ClaimSample(found_if(confirmed=confirmed, refuted=tail < tail_of_one), shares, amounts)


def index_window(seed: int) -> ClaimSample:
    """Writers that look for their document by its new colour, at once or up to 100 ms later, by kind of index; and
    finds by the indexes of a store."""
    found, served, amounts, missed, wrong = RunShares(), {}, {}, {}, {}
    for kind in IndexKind:
        draw = RandomStream(seed, "textbook", "index", kind.value)
        tables = [IndexedTable(kind, draw) for _ in range(TABLES)]
        missed[kind], _ = found.add(
            f"reads within 100 ms of a write that missed it, {kind}",
            [(len(table.reads) - sum(table.reads), len(table.reads)) for table in tables],
        )
        wrong[kind], _ = found.add(
            f"documents whose entry is another in the end, {kind}", [(table.wrong, table.written) for table in tables]
        )
        served[f"writes served while one partition of ten is down, {kind}"] = (
            sum(served_without(kind, 0, draw)[1] for _ in range(TRIALS)), TRIALS,
        )  # fmt: skip
        windows = [window for table in tables for window in table.windows_ms]
        if max(windows) > 0:
            amounts[f"ms in which the document has the new colour and the index does not, {kind}"] = windows[::200]
    local, sent, logged, transaction = IndexKind
    in_store, as_said = _stored_indexes(seed)
    depends = (
        not missed[local] + missed[transaction] and missed[sent] and missed[logged] and as_said
        and wrong[sent] and not wrong[logged] + wrong[local] + wrong[transaction]
    )  # fmt: skip
    return found.sample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, in_store | served, amounts)


def _stored_indexes(seed: int) -> tuple[dict[str, tuple[int, int]], bool]:
    """Runs of a sharded store whose finds missed a row, and whether that is so for a global index alone, and not two
    seconds after the last write."""
    shares, held = {}, []
    for words, target, model in (
        ("at any time, sharded:index=local", "sharded:index=local", "index-fresh"),
        ("at any time, sharded:index=global", "sharded:index=global", "index-fresh"),
        ("two seconds after the last write, sharded:index=global", "sharded:index=global", "index-eventual"),
    ):
        runs = [
            simulate(target, one, workload="index", model=model, nemesis="partition,kill", rate=100.0, time_limit=8.0)
            for one in block(seed, INDEX_RUNS)
        ]
        shares[f"runs in which a find missed a row {words}"] = sum(run.refuted for run in runs), len(runs)
        held.append([run.held for run in runs])
    fresh, stale, settled = held
    return shares, all(fresh) and not any(stale) and all(settled)


def _near(measured: float, predicted: float, part: float = NEAR) -> bool:
    return math.isclose(measured, predicted, rel_tol=part)


MEASUREMENTS = {
    "partitions-modulo": modulo,
    "partitions-ring": ring,
    "partitions-evenness": evenness,
    "partitions-few-keys": few_keys,
    "partitions-hot-key": hot_key,
    "partitions-index-cost": index_cost,
    "partitions-index-window": index_window,
}
