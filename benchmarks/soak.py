"""A long run of one store under all faults: does memory stay flat, and is the last part as fast as the first?

The run is sampled at every second of CPU time: virtual time, CPU time, resident memory. Printed are the tenths of the
run, each with its virtual seconds a CPU second and its memory, how memory grows in a thousand virtual seconds over the
second half, and by how much the second half is slower than the first.

    python benchmarks/soak.py [raft] [--seconds 10000] [--seed 1] [--nemesis all]

Exit code: 1 if the second half is slower by more than 10 %, or the run is refuted; else 0.

Pitfall: the history itself is held until it is judged. `--seconds 10000` is a million operations of it.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.budget import Budget
from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

NANOSECONDS = 1_000_000_000
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
SLOWER_MAX = 0.10
PARTS = 10


@dataclass(frozen=True)
class Sample:
    """virtual, cpu: seconds since the start of the run. memory: MB."""

    virtual: float
    cpu: float
    memory: float


def memory_mb() -> float:
    """What of this process is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB


def sampled(spec: RunSpec) -> tuple[list[Sample], RunStatus, str]:
    """A run with its samples, its verdict and the reason."""
    made = plan(spec)
    samples: list[Sample] = []
    began = time.process_time()

    def sample(*_: Any) -> None:
        samples.append(Sample(made.environment.now() / NANOSECONDS, time.process_time() - began, memory_mb()))

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 1.0, 1.0)
    with execute_in_memory(made) as run:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        # While the history is judged, no virtual time passes.
        return [one for one in samples if one.virtual < spec.time_limit], run.result.status, run.result.sentence


def parts(samples: Sequence[Sample], seconds: float, count: int = PARTS) -> list[tuple[Sample, Sample]]:
    """The first and the last sample of each part of the run; a part with fewer than two is left out."""
    found = []
    for number in range(count):
        low, high = seconds * number / count, seconds * (number + 1) / count
        inside = [one for one in samples if low <= one.virtual < high]
        if len(inside) > 1:
            found.append((inside[0], inside[-1]))
    return found


def pace(first: Sample, last: Sample) -> float:
    """Virtual seconds a CPU second from one sample to the other."""
    return (last.virtual - first.virtual) / (last.cpu - first.cpu)


def slope(samples: Sequence[Sample]) -> float:
    """MB in a thousand virtual seconds, by least squares."""
    count = len(samples)
    middle, height = sum(one.virtual for one in samples) / count, sum(one.memory for one in samples) / count
    spread = sum((one.virtual - middle) ** 2 for one in samples)
    return 1000 * sum((one.virtual - middle) * (one.memory - height) for one in samples) / spread


def slower(samples: Sequence[Sample], seconds: float) -> float:
    """The share by which the second half is slower than the first."""
    (first, second) = parts(samples, seconds, 2)
    return 1 - pace(*second) / pace(*first)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", default="raft")
    parser.add_argument("--seconds", type=float, default=10_000.0, help="virtual seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nemesis", default="all")
    given = parser.parse_args(arguments)
    spec = RunSpec(given.target, nemesis=given.nemesis, time_limit=given.seconds, seed=given.seed, budget=Budget(600.0))
    samples, status, reason = sampled(spec)
    for first, last in parts(samples, given.seconds):
        print(f"{last.virtual:8.0f} s  {pace(first, last):6.1f} virtual s a CPU s  {last.memory:7.1f} MB", flush=True)
    second = [one for one in samples if one.virtual >= given.seconds / 2]
    share = slower(samples, given.seconds)
    print(f"memory grows by {slope(second):.1f} MB in 1,000 virtual seconds over the second half")
    print(f"the second half is {abs(share):.0%} {'slower' if share > 0 else 'faster'} than the first")
    print(f"{status.value}: {reason}")
    return int(share > SLOWER_MAX or status is RunStatus.INVALID)


if __name__ == "__main__":
    sys.exit(main())
