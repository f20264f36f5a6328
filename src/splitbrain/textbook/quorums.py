"""Measurements about quorums: which of them meet, what they promise, and what they can lose.

Clocks are true here, so `version=lww` isolates what quorums do; with vectors a write asks R replicas first, so that it
needs both quorums.
"""

from collections.abc import Iterator, Sequence

from splitbrain.textbook.claim import ClaimSample, found_if
from splitbrain.textbook.simulated import SECOND, SimulatedRun, block, script, simulate

RUNS, FEW_RUNS = 6, 2
"""Runs of a store for each seed, where chance has a part in whether it is refuted, and where it has not."""
LOSE = "partition:topology={},mode=lose"
TIMEOUT_S = 0.5
CRASHES = sum((n - 1) * n * n for n in range(2, 6))
"""Crashes of all choices of W and R."""
SETTLE_NS, BEFORE_NS = SECOND, SECOND
"""The time after a crash until operations count, and before its end from which on they do not."""


def _splits(nodes: int = 5) -> str:
    """Splits: twice one node is alone, and twice there are two halves, of five nodes two and three."""
    alone = [
        {"fault": LOSE.format("one-node"), "variant": "one-node", "start": 1.0 + 2.0 * number, "duration": 1.5,
         "nodes": [f"n{number % nodes + 1}"]}
        for number in range(2)
    ]  # fmt: skip
    halves: dict[str, object] = {"fault": LOSE.format("halves"), "variant": "halves", "start": 5.0, "duration": 3.0}
    return script(*alone, halves, {**halves, "start": 9.5})


def strong(seed: int) -> ClaimSample:
    """Quorums that meet, against those whose reads write back what they found, where one message in ten is lost."""
    runs = {
        target: [
            simulate(target, one, nodes=3, workload="availability", rate=200.0, time_limit=6.0, world="net.loss=0.1")
            for one in block(seed, RUNS)
        ]
        for target in ("quorum:n=3,w=2,r=2,read_repair=off", "quorum:n=3,w=2,r=2,read_repair=blocking", "abd")
    }
    first, *others = runs.values()
    refuted = any(run.refuted for run in first) and all(run.held for other in others for run in other)
    finding = found_if(confirmed=all(run.held for run in first), refuted=refuted)
    shares = {f"runs of {target} refuted": (sum(run.refuted for run in them), RUNS) for target, them in runs.items()}
    return ClaimSample(finding, shares)


def _choices(least: int) -> Iterator[tuple[int, int, int]]:
    """All N, W and R of so many nodes, and up to five."""
    return ((n, w, r) for n in range(least, 6) for w in range(1, n + 1) for r in range(1, n + 1))


def lowest_write(seed: int) -> ClaimSample:
    """N = 5, R = 3 with W = 2 and with W = 3."""
    small, enough = (
        [
            simulate(
                f"quorum:n=5,w={w},r=3,version=lww", one, workload="availability", model="regular", rate=200.0,
                timeout=TIMEOUT_S, time_limit=14.0, schedule=_splits(),
            )
            for one in block(seed, FEW_RUNS)
        ]
        for w in (2, 3)
    )  # fmt: skip
    confirmed = all(run.refuted for run in small) and all(run.held for run in enough)
    refuted = any(run.refuted for run in enough) or all(run.held for run in small)
    shares = {
        f"runs with W = {w} in which a read missed an acknowledged write": (sum(run.refuted for run in runs), len(runs))
        for w, runs in ((2, small), (3, enough))
    }
    return ClaimSample(found_if(confirmed=confirmed, refuted=refuted), shares)


def intersection(seed: int) -> ClaimSample:
    """All W and R of N = 1 to 5 nodes: whether reads missed an acknowledged write exactly where W + R <= N."""
    missed, met = [0, 0], [0, 0]
    for n, w, r in _choices(1):
        run = simulate(
            f"quorum:n={n},w={w},r={r},version=lww", seed, nodes=n, workload="availability", model="regular",
            rate=200.0, timeout=TIMEOUT_S, time_limit=14.0, **({"schedule": _splits(n)} if n > 1 else {}),
        )  # fmt: skip
        side = met if w + r > n else missed
        side[0] += run.refuted if w + r <= n else run.held
        side[1] += 1
    whole = missed[0] == missed[1] and met[0] == met[1]
    shares = {
        "choices with W + R <= N in which a read missed an acknowledged write": (missed[0], missed[1]),
        "choices with W + R > N in which none did": (met[0], met[1]),
    }
    return ClaimSample(found_if(confirmed=whole, refuted=met[0] < met[1]), shares)


def losses(seed: int) -> ClaimSample:
    """Crashes of 1 to N - 1 of N = 2 to 5 nodes, with all W and R: whether writes were answered exactly if at least W
    live, and reads if R."""
    as_said, whole = dict.fromkeys(("write", "read"), 0), dict.fromkeys(("write", "read"), 0)
    for n, w, r in _choices(2):
        dead = [[f"n{(number + other) % n + 1}" for other in range(number)] for number in range(1, n)]
        faults = [
            {"fault": "kill", "variant": "one", "start": 1.0 + 4.0 * number, "duration": 3.0,
             "injections": [{"kind": "Kill", "nodes": nodes}]} for number, nodes in enumerate(dead)
        ]  # fmt: skip
        run = simulate(
            f"quorum:n={n},w={w},r={r},version=lww", seed, nodes=n, workload="availability", rate=60.0, concurrency=20,
            timeout=TIMEOUT_S, time_limit=4.0 * n - 3.0, schedule=script(*faults), model="safe",
        )  # fmt: skip
        for kind, need in (("write", w), ("read", r)):
            for gone, served in _crashes(run, kind, dead):
                whole[kind] += 1
                as_said[kind] += served == (n - gone >= need)
    finding = found_if(confirmed=as_said == whole and min(whole.values()) == CRASHES, refuted=as_said != whole)
    shares = {
        f"crashes in which {kind}s were answered exactly if {letter} nodes live": (as_said[kind], whole[kind])
        for kind, letter in (("write", "W"), ("read", "R"))
    }
    return ClaimSample(finding, shares)


def _crashes(run: SimulatedRun, kind: str, crashes: Sequence[Sequence[str]]) -> Iterator[tuple[int, bool]]:
    """The number of dead nodes in each crash of a run, and whether the others answered most operations. crashes: the
    nodes of each."""
    operations = list(run.operations(kind))
    for window, dead in zip(run.windows("kill"), crashes, strict=True):
        inside = [
            operation.ok for operation in operations
            if window.start_ns + SETTLE_NS <= operation.at <= window.stop_ns - BEFORE_NS and operation.node not in dead
        ]  # fmt: skip
        if inside:
            yield len(dead), 2 * sum(inside) > len(inside)


MEASUREMENTS = {
    "quorums-strong": strong,
    "quorums-lowest-write": lowest_write,
    "quorums-intersection": intersection,
    "quorums-losses": losses,
}
