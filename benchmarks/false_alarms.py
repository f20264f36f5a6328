"""False alarms: correct stores, in configurations that claim something, under all faults.

There are nine groups: configurations of raft, primary and backup, Paxos and ABD that claim to be linearizable; the
other designs, whose runs are judged by what they claim; truetime, with clocks in its bound, caches, and gossip;
sharded, whose slots move all the time; consumers of log; indexes of sharded; compacted logs; primary-backup, whose
primary is replaced; and raft, whose members change.
Seeds go to the stores of a group in turns, and those of a store to its configurations in turns, so any range of seeds
is spread over all of them, with as many runs for each store. Every run has the default workload, invariants and
audit. What is printed: how many runs ended with each verdict, how often for which reason, and the command of each run
that was not `valid`.

    python benchmarks/false_alarms.py [--group designs] [--seeds 1-1000] [--seconds 15] [--jobs 2] [--results FILE]
        [--write]

With --results each run adds a line to a file, a later call goes on with the seeds that have none there, and what is
printed is of the whole file. --write puts it into docs/bug-zoo.md. Interrupted, it prints what it has; every 50 runs it
says how far it is on standard error.

Exit code: 1 if a correct store was refuted, 2 if more than 2 % of the runs were `unknown`, else 0.
"""

import argparse
import itertools
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bug_zoo import PAGE, written

from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.zoo import judged_by

READS = ("log", "index", "lease")
SNAPSHOTS = ("200", "20", "0")
"""Entries between snapshots: many, so that they are rare; few, so that they are frequent; never."""
UNKNOWN_SHARE = 0.02
NUMBER = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True)
class Configuration:
    """The configuration of a run. nemesis: the faults; all begins with a cycle, storm does not. workload: where it is
    not the target's own."""

    target: str
    nodes: int = 5
    nemesis: str = "all"
    workload: str | None = None

    @property
    def store(self) -> str:
        """The name of the target, without its options."""
        return self.target.partition(":")[0]


RAFT = tuple(
    Configuration(f"raft:reads={reads},snapshot_entries={snapshot}", nodes, nemesis)
    for (reads, snapshot), (nodes, nemesis) in itertools.product(
        itertools.product(READS, SNAPSHOTS), ((5, "all"), (5, "storm"), (3, "all"))
    )
)
OTHERS = (
    Configuration("raft:heartbeat_ms=20,election_ms=60"),
    Configuration("raft:heartbeat_ms=200,election_ms=1000"),
    Configuration("raft:reads=lease,heartbeat_ms=20,election_ms=60", nemesis="storm"),
    Configuration("raft:retries=on", 4),
    Configuration("raft:retries=off", 7),
    Configuration("single"),
    Configuration("single:retries=on", 3, "storm"),
    Configuration("primary-backup"),
    Configuration("primary-backup:replication=sync"),
    Configuration("primary-backup", 3, "storm"),
    Configuration("paxos"),
    Configuration("paxos", 3, "storm"),
    Configuration("abd"),
    Configuration("abd", 3, "storm"),
    Configuration("primary-backup:replication=sync", 3, "storm"),
)
LINEARIZABLE = RAFT + OTHERS
DESIGNS = tuple(
    Configuration(target, nodes, nemesis)
    for nodes, nemesis in ((5, "all"), (3, "storm"))
    for target in (
        *(f"two-phase-commit:isolation={level}" for level in ("serial", "2pl", "ssi", "snapshot", "read-committed")),
        "saga:style=orchestration",
        "saga:style=choreography",
        "lock",
        "log",
        "queue",
        "chain",
        "quorum",
        "quorum:read_repair=blocking",
        "quorum:w=1,r=1",
        "causal",
        *(f"crdt:type={kind}" for kind in ("g-counter", "pn-counter", "g-set", "or-set", "lww", "mv", "rga")),
        *(f"multi-leader:conflict={choice}" for choice in ("hlc", "siblings", "crdt")),
    )
)
IN_BOUND = "clock:kind=offset,min_seconds=0.001,max_seconds=0.006"
"""Clocks that are wrong by less than the bound of truetime, 7 ms."""
CLOCKS_CACHES_GOSSIP = (
    Configuration("truetime", 5, f"{IN_BOUND},all"),
    Configuration("truetime", 3, f"{IN_BOUND},all"),
    *(
        Configuration(target, nodes, nemesis)
        for nodes, nemesis in ((5, "all"), (3, "storm"))
        for target in ("cache", "cache:style=write-through", "gossip", "gossip:detector=phi")
    ),
)
SHARDED = tuple(
    Configuration(f"sharded:{options}", nodes, nemesis)
    for nodes, nemesis in ((5, "all"), (3, "storm"))
    for options in (
        "partitioning=mod",
        "partitioning=ring,groups=3,rebalance_ms=200",
        "partitioning=range,retries=on",
        "partitioning=mod,rebalance_ms=100,snapshot_entries=20",
    )
)
CONSUMERS = tuple(
    Configuration(f"log:delivery={delivery}", nodes, nemesis)
    for nodes, nemesis in ((5, "all"), (3, "storm"))
    for delivery in ("at-most-once", "at-least-once", "exactly-once")
)
INDEXES = tuple(
    Configuration(f"sharded:{options}", nodes, nemesis)
    for nodes, nemesis in ((5, "all"), (3, "storm"))
    for options in (
        "index=local",
        "index=global",
        "index=local,partitioning=ring,groups=3,rebalance_ms=200",
        "index=global,rebalance_ms=100,snapshot_entries=20",
    )
)
COMPACTION = tuple(Configuration("log:compaction=on", nodes, nemesis) for nodes, nemesis in ((5, "all"), (3, "storm")))
FAILOVER = (
    Configuration("primary-backup"),
    Configuration("primary-backup", 3, "storm"),
    Configuration("primary-backup:reads=session", workload="session"),
    *(
        Configuration(f"primary-backup:{options}", nodes, nemesis)
        for several in (
            ("replication=semi-sync", "replication=sync", "replication=sync,failover=lease"),
            ("replication=sync,failover=timeout,stonith=on",),
            ("replication=sync,failover=timeout,stonith=on,head_start_ms=0",),
        )
        for nodes, nemesis in ((5, "all"), (3, "storm"))
        for options in several
    ),
    Configuration("primary-backup:replication=sync,failover=manual,stonith=on", 5, "promote,all"),
)
MEMBERSHIP = (
    *(
        Configuration(f"raft:reads={reads},snapshot_entries={snapshot}", nodes, "membership,all")
        for nodes, snapshot in ((5, "20"), (3, "200"))
        for reads in READS
    ),
    Configuration("raft", 4, "membership,partition,kill"),
    Configuration("raft:reads=lease", 5, "membership,promote,all"),
    Configuration("raft:upgrade_to=2", 5, "membership,upgrade,all"),
    Configuration("raft:version=2,snapshot_entries=20", 7, "membership,all"),
)
GROUPS = {
    "linearizable": LINEARIZABLE,
    "designs": DESIGNS,
    "clocks-caches-gossip": CLOCKS_CACHES_GOSSIP,
    "sharded": SHARDED,
    "consumers": CONSUMERS,
    "indexes": INDEXES,
    "compaction": COMPACTION,
    "failover": FAILOVER,
    "membership": MEMBERSHIP,
}


def begin(group: str) -> str:
    """The line of docs/bug-zoo.md below which the figures of a group stand."""
    return f"<!-- begin: benchmarks/false_alarms.py --group {group} --write -->"


@dataclass(frozen=True)
class RunEnd:
    """The end of one run, and its cost."""

    configuration: Configuration
    seed: int
    status: RunStatus
    reason: str
    command: str
    cpu_seconds: float
    operations: int

    @staticmethod
    def of_json(line: Mapping[str, Any]) -> "RunEnd":
        """The inverse of `dataclasses.asdict`."""
        status = RunStatus(line["status"])
        return RunEnd(**{**line, "configuration": Configuration(**line["configuration"]), "status": status})


def specification(configuration: Configuration, seed: int, seconds: float) -> RunSpec:
    """The run of a seed in a configuration, judged by what its target claims."""
    fields: dict[str, Any] = {
        "nodes": configuration.nodes,
        "nemesis": configuration.nemesis,
        "time_limit": seconds,
        "seed": seed,
    }
    if configuration.workload is not None:
        fields["workload"] = configuration.workload
    fields |= judged_by(configuration.target, fields)
    return RunSpec(configuration.target, **fields)


def configuration_of(group: str, seed: int) -> Configuration:
    """The configuration that a seed goes to."""
    stores: dict[str, list[Configuration]] = defaultdict(list)
    for one in GROUPS[group]:
        stores[one.store].append(one)
    turn, which = divmod(seed, len(stores))
    configurations = list(stores.values())[which]
    return configurations[turn % len(configurations)]


def outcome(seed: int, seconds: float, group: str) -> RunEnd:
    """The run of one seed."""
    configuration = configuration_of(group, seed)
    began = time.process_time()
    made = plan(specification(configuration, seed, seconds))
    with execute_in_memory(made) as run:
        result = run.result
        cost = time.process_time() - began
        command = result.record.command if result.record else ""
        return RunEnd(configuration, seed, result.status, result.sentence, command, cost, result.summary.operations)


def kind(reason: str) -> str:
    """A reason without its numbers."""
    return NUMBER.sub("…", reason)


def told(outcomes: Sequence[RunEnd]) -> str:
    """All outcomes, in words."""
    verdicts = Counter(one.status.value for one in outcomes)
    reasons = Counter((one.status.value, kind(one.reason)) for one in outcomes if one.status is not RunStatus.VALID)
    spread: Mapping[str, set[Configuration]] = defaultdict(set)
    for one in outcomes:
        spread[one.configuration.store].add(one.configuration)
    runs = Counter(one.configuration.store for one in outcomes)
    least = f", at least {min(runs.values())} of each" if len(runs) > 1 else ""
    lines = [
        f"{len(outcomes)} runs of {sum(map(len, spread.values()))} configurations of {', '.join(sorted(runs))}{least}, "
        f"{sum(one.operations for one in outcomes):,} operations, {sum(one.cpu_seconds for one in outcomes):.0f} CPU s",
        ", ".join(f"{verdicts[status.value]} {status.value}" for status in RunStatus),
        *(f"{count:5} {status}: {reason}" for (status, reason), count in reasons.most_common()),
    ]
    return "\n".join(lines)


def exit_code(outcomes: Sequence[RunEnd]) -> int:
    """The exit code of the outcomes."""
    verdicts = Counter(one.status for one in outcomes)
    if verdicts[RunStatus.INVALID]:
        return 1
    return 2 if verdicts[RunStatus.UNKNOWN] > UNKNOWN_SHARE * len(outcomes) else 0


def page_text(outcomes: Sequence[RunEnd], seconds: float) -> str:
    """The part of docs/bug-zoo.md about the runs."""
    seeds = sorted(one.seed for one in outcomes)
    head, verdicts, *reasons = told(outcomes).splitlines()
    listed = [f"- {reason.strip()}" for reason in reasons]
    return "\n".join(
        [f"Seeds {seeds[0]} to {seeds[-1]}, {seconds:g} virtual seconds each: {head}. {verdicts}.", "", *listed]
    ).rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", choices=tuple(GROUPS), default="linearizable", help="of configurations")
    parser.add_argument("--seeds", default="1-1000", help="the first and the last one")
    parser.add_argument("--seconds", type=float, default=15.0, help="virtual seconds a run")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--results", type=Path, help="a file of lines of JSON to go on with")
    parser.add_argument("--write", action="store_true", help="put what comes out into docs/bug-zoo.md")
    given = parser.parse_args(arguments)
    first, _, last = given.seeds.partition("-")
    outcomes: list[RunEnd] = []
    if given.results and given.results.is_file():
        outcomes = [RunEnd.of_json(json.loads(line)) for line in given.results.read_text().splitlines()]
    done = {one.seed for one in outcomes}
    seeds = [seed for seed in range(int(first), int(last or first) + 1) if seed not in done]
    with ProcessPoolExecutor(given.jobs) as pool:
        try:
            for one in pool.map(outcome, seeds, itertools.repeat(given.seconds), itertools.repeat(given.group)):
                outcomes.append(one)
                if given.results:
                    with given.results.open("a") as file:
                        file.write(json.dumps({**asdict(one), "status": one.status.value}) + "\n")
                if len(outcomes) % 50 == 0:
                    print(told(outcomes), file=sys.stderr, flush=True)
                if one.status is not RunStatus.VALID:
                    print(f"{one.status.value}: {one.reason}\n    {one.command}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
    print(told(outcomes))
    if given.write:
        PAGE.write_text(written(PAGE.read_text(), page_text(outcomes, given.seconds), begin(given.group)))
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main())
