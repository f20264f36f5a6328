"""Full runs a minute on one core: `raft --nemesis partition,kill --time-limit 6 --rate 50`, as a campaign does them.

A run counts if it issued at least 300 operations, both faults met a cluster that served, monitors and the audit were
on, and its verdict was written; a folder is written only where it is not valid. Prints runs a minute of wall time and
of CPU time of the worker (which is what a core that nobody else uses gives), and where the time goes.

    python benchmarks/campaign.py [--runs 100] [--profile]
"""

import argparse
import cProfile
import json
import pstats
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from splitbrain import campaign
from splitbrain.campaigns.tasks import Task, carry_out_task
from splitbrain.runner.spec import RunSpec

RUN = {"target": "raft", "nemesis": "partition,kill", "time-limit": 6, "rate": 50}
OPERATIONS = 300


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="where the time of one process goes, instead")
    asked = parser.parse_args()
    if asked.profile:
        profile(asked.runs)
        return
    with tempfile.TemporaryDirectory() as place:
        began, before = time.perf_counter(), _children_seconds()
        result = campaign({"defaults": {"seeds": asked.runs}, "test": [RUN]}, out=place, jobs=asked.jobs)
        wall, cpu = time.perf_counter() - began, _children_seconds() - before
        folders = len(list(Path(place).glob("*/runs/raft/*/*")))
        short = [line.key[1] for line in result.lines if line.plain["operations"] < OPERATIONS]
        idle = [line.key[1] for line in result.lines if not _met_service(line.plain)]
    checks = sorted({check["name"] for line in result.lines for check in line.plain["checks"]})
    told = {
        "runs": len(result.lines),
        "jobs": asked.jobs,
        "wall_seconds": round(wall, 2),
        "worker_cpu_seconds": round(cpu, 2),
        "runs_a_minute": round(60 * len(result.lines) / wall),
        "runs_a_cpu_minute": round(60 * len(result.lines) / cpu),
        "folders": folders,
        "checks": checks,
        "fewer_than_300_operations": short,
        "a_fault_met_no_service": idle,
        "verdicts": {status.value: count for status, count in result.tests[0].counts.items() if count},
    }
    print(json.dumps(told))


def profile(runs: int) -> None:
    """The shares of the time by function."""
    out = Path(tempfile.gettempdir())
    spec = RunSpec("raft", nemesis="partition,kill", time_limit=6, rate=50)
    tasks = [Task("profile", replace(spec, seed=seed), "valid", out, "none") for seed in range(runs + 1)]
    carry_out_task(tasks[0])
    watched = cProfile.Profile()
    began = time.process_time()
    watched.enable()
    for task in tasks[1:]:
        carry_out_task(task)
    watched.disable()
    print(f"{runs} runs, {(time.process_time() - began) / runs:.3f} s of CPU each while profiled")
    pstats.Stats(watched).sort_stats("tottime").print_stats(30)


def _met_service(line: Mapping[str, Any]) -> bool:
    """Whether both faults met a cluster that served."""
    return all(line["coverage"]["met_serving"].get(fault) for fault in ("partition", "kill"))


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
