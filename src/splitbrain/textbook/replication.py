"""Measurements about replication: what waits for whom, what a failover takes and loses, and what a session sees."""

from collections.abc import Sequence
from statistics import median

from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SECOND, SimulatedRun, answered, block, script, simulate

RUNS, SESSION_RUNS = 2, 6
TIMEOUT_S = 1.0
LOSE = "partition:topology=leader-in-minority,mode=lose"
SLOW_FROM_NS = 500_000_000
"""The time after which a silent backup counts as away: until then the primary waits for it."""
TIMEOUTS_MS = (150.0, 300.0)
"""The range of election timeouts that the paper on Raft advises."""


def slow_follower(seed: int) -> ClaimSample:
    """One backup that stands still for five seconds: writes that are answered meanwhile."""
    found = RunShares()
    for replication in ("sync", "semi-sync", "async"):
        name = f"writes answered while one of four backups stands still, {replication}"
        for one in block(seed, RUNS):
            run = simulate(
                f"primary-backup:replication={replication}", one, workload="availability", rate=50.0,
                timeout=TIMEOUT_S, time_limit=10.0, model="safe",
                schedule=script({"fault": "pause", "variant": "one", "start": 2.0, "duration": 5.0, "nodes": ["n4"]}),
            )  # fmt: skip
            window = run.windows("pause")[0]
            counts = answered(
                [operation for operation in run.operations("write") if operation.node != "n4"],
                lambda write, window=window: window.start_ns <= write.at <= window.stop_ns - SECOND,  # type: ignore[misc]
            )
            found.add(name, [counts])
    stopped, *others = (good / whole for good, whole in found.shares.values())
    return found.sample(found_if(confirmed=stopped < 0.05 and min(others) > 0.95, refuted=stopped > 0.5))


def failover_window(seed: int) -> ClaimSample:
    """Milliseconds from the leader's death until a write through another node is answered, and how often that is
    within 300."""
    amounts: dict[str, list[float]] = {}
    shares = {}
    for target in ("raft", "raft:heartbeat_ms=50,election_ms=1000", "primary-backup:failover=timeout"):
        name = f"ms from the death of the leader to the next answered write, {target}"
        amounts[name] = [
            took for one in block(seed, 1)
            for took in failovers(simulate(
                target, one, workload="availability", rate=100.0, timeout=5.0, time_limit=26.0, model="safe",
                schedule=script(*({"fault": "kill:size=one,aim=leader", "variant": "one", "start": 2.0 + 6.0 * number,
                                   "duration": 3.0} for number in range(4))),
            ))
        ]  # fmt: skip
        quick = sum(took <= TIMEOUTS_MS[1] for took in amounts[name])
        shares[f"failovers within 300 ms, {target}"] = quick, len(amounts[name])
    short, long, _ = (median(found) for found in amounts.values())
    within = TIMEOUTS_MS[0] <= short <= TIMEOUTS_MS[1]
    finding = ClaimFinding.DEPENDS if within and long > 2 * TIMEOUTS_MS[1] else ClaimFinding.UNSETTLED
    return ClaimSample(finding, shares, amounts)


def failovers(run: SimulatedRun) -> list[float]:
    """The time of each failover; of one that was not over when the dead node came back, the time until then.
    Deaths while nobody writes do not count."""
    writes = list(run.operations("write"))
    found = []
    for window in run.windows("kill"):
        dead = window.value["nodes"]
        asked = [write for write in writes if write.at >= window.start_ns and write.node not in dead]
        if not any(write.at < window.stop_ns for write in asked):
            continue
        ends = [write.ended for write in asked if write.ok and write.ended is not None]
        found.append((min([*ends, window.stop_ns]) - window.start_ns) / 1e6)
    return found


def failover_losses(seed: int) -> ClaimSample:
    """A split with the primary on the smaller side: acknowledged additions to a set that are in no copy at the end."""
    found = RunShares()
    schedule = script(*({"fault": LOSE, "start": 2.0 + 6.0 * number, "duration": 4.0} for number in range(2)))
    for target in ("primary-backup:failover=timeout", "primary-backup:failover=lease,replication=sync"):
        runs = [
            simulate(target, one, workload="set", rate=100.0, timeout=TIMEOUT_S, time_limit=14.0, schedule=schedule)
            for one in block(seed, RUNS)
        ]
        found.add(f"acknowledged additions lost, {target}", [_lost(run) for run in runs])
    (lost, of_lost), (kept, of_kept) = found.shares.values()
    return found.sample(found_if(confirmed=lost > 0 and kept == 0 < of_kept, refuted=lost == 0 < of_lost))


def _lost(run: SimulatedRun) -> tuple[int, int]:
    added = {add.value for add in run.operations("add") if add.ok}
    reads = [read.value or () for read in run.operations("read") if read.ok]
    there = {element for read in reads for element in read}
    return (len(added - there), len(added)) if reads else (0, 0)


def sessions(seed: int) -> ClaimSample:
    """Clients that stay at one node, whose reads are answered from its copy, with and without tokens, where one message
    in ten is lost and sent again."""
    shares, held = {}, []
    for target, model in (
        ("primary-backup:reads=any", "read-your-writes"),
        ("primary-backup:reads=any", "monotonic-reads"),
        ("primary-backup:reads=session", "read-your-writes"),
    ):
        runs = [
            simulate(
                target, one, workload="availability", rate=300.0, time_limit=6.0, world="net.loss=0.1", model=model
            )
            for one in block(seed, SESSION_RUNS)
        ]
        shares[f"runs of {target} with {model} refuted"] = sum(run.refuted for run in runs), len(runs)
        held.append(all(run.held for run in runs))
    (sticky, _), *_ = shares.values()
    finding = ClaimFinding.DEPENDS if sticky and held == [False, True, True] else ClaimFinding.UNSETTLED
    return ClaimSample(finding, shares)


def primaries(seed: int) -> ClaimSample:
    """Two primaries in a split: runs refuted, by what decides who is primary."""
    shares, held = {}, []
    for target in (
        "primary-backup:failover=timeout",
        "primary-backup:failover=timeout,replication=sync",
        "primary-backup:failover=lease,replication=sync",
        "raft",
    ):
        runs = _split(target, block(seed, RUNS))
        shares[f"runs of {target} refuted"] = sum(run.refuted for run in runs), len(runs)
        held.append(all(run.held for run in runs))
    alone, waiting, lease, majority = (part for part, _ in shares.values())
    confirmed = alone == waiting == RUNS and held == [False, False, True, True]
    return ClaimSample(found_if(confirmed=confirmed, refuted=lease + majority > 0), shares)


def _split(target: str, seeds: Sequence[int]) -> list[SimulatedRun]:
    schedule = script({"fault": LOSE, "start": 2.0, "duration": 5.0})
    return [simulate(target, one, rate=100.0, timeout=TIMEOUT_S, time_limit=10.0, schedule=schedule) for one in seeds]


MEASUREMENTS = {
    "replication-slow-follower": slow_follower,
    "replication-failover-window": failover_window,
    "replication-failover-losses": failover_losses,
    "replication-sessions": sessions,
    "replication-two-primaries": primaries,
}
