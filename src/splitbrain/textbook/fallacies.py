"""Measurements about the eight fallacies of distributed computing (P. Deutsch and others, Sun Microsystems, 1994 to
1997): each with its fault, a design that believes it, and one that does not.

Where the fallacy makes answers wrong a run of the believer is refuted. Where it makes them late, it fails if under the
fault fewer than half of the writes are answered in time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from splitbrain.harness.errors import InfrastructureError
from splitbrain.textbook.claim import ClaimSample, Measurement, found_if
from splitbrain.textbook.simulated import SECOND, SimulatedRun, block, script, simulate

RUNS = 2
IN_TIME_NS = SECOND // 4


def wrong(run: SimulatedRun) -> bool:
    """Whether answers were wrong."""
    return run.refuted


def late(run: SimulatedRun) -> bool:
    """Whether fewer than half of the writes were answered in time, from the fourth second of a run to the ninth.
    InfrastructureError if there was none."""
    counted = [write for write in run.operations("write") if 4 * SECOND <= write.at <= 9 * SECOND]
    if not counted:
        raise InfrastructureError("no write began between the fourth second of the run and the ninth")
    good = sum(write.ok and write.ended is not None and write.ended - write.at <= IN_TIME_NS for write in counted)
    return 2 * good < len(counted)


@dataclass(frozen=True)
class Fallacy:
    """A fallacy. believer, doubter: designs. fields: of the runs, with the fault. failed: whether a run did."""

    name: str
    believer: str
    doubter: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    failed: Callable[[SimulatedRun], bool] = wrong


TRANSFERS = {"workload": "transfers", "rate": 60.0, "time_limit": 10.0}
LATENESS = {"workload": "availability", "model": "safe", "timeout": 1.0, "time_limit": 10.0}
FALLACIES = (
    Fallacy("reliable", "saga:dedup=none", "saga:dedup=all", {**TRANSFERS, "nemesis": "packet"}),
    Fallacy(
        "latency", "primary-backup:reads=any", "primary-backup:reads=primary",
        {"workload": "availability", "world": "wan,net.latency=150,net.spread=4", "rate": 300.0, "time_limit": 10.0},
    ),
    Fallacy(
        "bandwidth", "primary-backup:failover=timeout", "primary-backup:failover=lease,replication=sync",
        {"workload": "set", "world": "net.bandwidth=48", "rate": 150.0, "timeout": 2.0, "time_limit": 10.0},
    ),
    Fallacy(
        "secure", "saga:dedup=window", "saga:dedup=all",
        {**TRANSFERS, "world": "net.duplicate=0.3,net.duplicate_max=5000"},
    ),
    Fallacy(
        "topology", "primary-backup:failover=none", "raft",
        {**LATENESS, "rate": 50.0, "schedule": script(
            {"fault": "kill", "variant": "one", "start": 2.0, "duration": 8.0, "nodes": ["n1"]},
        )}, late,
    ),
    Fallacy(
        "administrator", "quorum:n=3,w=2,r=2,version=lww,read_repair=blocking", "abd",
        {"nodes": 3, "nemesis": "clock", "rate": 100.0, "time_limit": 15.0},
    ),
    Fallacy(
        "transport", "abd", "causal",
        {**LATENESS, "world": "node.service=4", "rate": 120.0, "concurrency": 100}, late,
    ),
    Fallacy(
        "homogeneous", "primary-backup:replication=sync", "primary-backup:replication=semi-sync",
        {**LATENESS, "rate": 50.0, "schedule": script(
            {"fault": "limp:rate_kbit=8", "variant": "node", "start": 2.0, "duration": 8.0, "nodes": ["n4"]},
        )}, late,
    ),
)  # fmt: skip


def measured(fallacy: Fallacy, seed: int) -> ClaimSample:
    """Runs of both designs under the fault that fail."""
    believers, doubters = (
        [simulate(target, one, **fallacy.fields) for one in block(seed, RUNS)]
        for target in (fallacy.believer, fallacy.doubter)
    )
    what = "refuted" if fallacy.failed is wrong else "late"
    shares = {
        f"runs {what}, {target}": (sum(map(fallacy.failed, runs)), RUNS)
        for target, runs in ((fallacy.believer, believers), (fallacy.doubter, doubters))
    }
    shares[f"runs valid, {fallacy.doubter}"] = sum(run.held for run in doubters), RUNS
    (believed, _), (doubted, _), (valid, _) = shares.values()
    confirmed = believed == 0 and all(run.held for run in believers)
    return ClaimSample(found_if(confirmed=confirmed, refuted=believed > 0 == doubted and valid == RUNS), shares)


MEASUREMENTS: Mapping[str, Measurement] = {
    f"fallacies-{fallacy.name}": partial(measured, fallacy) for fallacy in FALLACIES
}
