"""Soak: a long run of one store under all faults, kept in a folder, with its memory and its pace as it goes on.

The run is sampled at every second of CPU time, a short one more often: virtual time, CPU time, resident memory. Each
tenth is printed when it is over, with its virtual seconds a CPU second and its memory; at the end how memory grew in a
thousand virtual seconds over the second half, how much of that is the history, which is kept until it is judged, and by
how much the last fifth is slower than the first.

    python benchmarks/soak.py [raft] [--seconds 10000] [--seed 1] [--nemesis all]

Exit code: 1 if the last fifth is slower by more than 10 %, or the run is refuted; else 0.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import FinishedRun, execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

NANOSECONDS = 1_000_000_000
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
SLOWER_MAX = 0.10
PARTS = 10


@dataclass(frozen=True)
class SoakSample:
    """virtual, cpu: seconds since the start of the run. memory: MB."""

    virtual: float
    cpu: float
    memory: float


def memory_mb() -> float:
    """The memory of this process that is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB


def sampled(spec: RunSpec, say: Callable[[str], None]) -> tuple[list[SoakSample], FinishedRun, float]:
    """A run with its samples and the MB of its history, in a folder that is gone afterwards; each tenth is told."""
    made = plan(spec)
    samples: list[SoakSample] = []
    told = 0
    began = time.process_time()

    def sample(*_: Any) -> None:
        nonlocal told
        samples.append(SoakSample(made.environment.now() / NANOSECONDS, time.process_time() - began, memory_mb()))
        over = parts([one for one in samples if one.virtual < spec.time_limit], spec.time_limit)
        if told < len(over) - 1:
            say(row(*over[told]))
            told += 1

    signal.signal(signal.SIGPROF, sample)
    every = min(1.0, spec.time_limit / 1000)
    signal.setitimer(signal.ITIMER_PROF, every, every)
    with tempfile.TemporaryDirectory(prefix="splitbrain-soak-") as out:
        run = execute(made, Path(out))
        held = history_mb(run.history())
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    # While the history is judged, no virtual time passes.
    samples = [one for one in samples if one.virtual < spec.time_limit]
    for pair in parts(samples, spec.time_limit)[told:]:
        say(row(*pair))
    return samples, run, held


def row(first: SoakSample, last: SoakSample) -> str:
    """A part of the run in a line."""
    return f"{last.virtual:8.0f} s  {pace(first, last):6.1f} virtual s a CPU s  {last.memory:7.1f} MB"


def history_mb(history: History) -> float:
    """The memory that the columns of a history take."""
    columns = (getattr(history, name) for name in History.__slots__)
    return sum(len(column) * column.itemsize for column in columns if isinstance(column, array)) / (1 << 20)


def parts(samples: Sequence[SoakSample], seconds: float, count: int = PARTS) -> list[tuple[SoakSample, SoakSample]]:
    """The first and the last sample of each part of the run; a part with fewer than two is left out."""
    found = []
    for number in range(count):
        low, high = seconds * number / count, seconds * (number + 1) / count
        inside = [one for one in samples if low <= one.virtual < high]
        if len(inside) > 1:
            found.append((inside[0], inside[-1]))
    return found


def pace(first: SoakSample, last: SoakSample) -> float:
    """Virtual seconds a CPU second from one sample to the other."""
    return (last.virtual - first.virtual) / (last.cpu - first.cpu)


def slope(samples: Sequence[SoakSample]) -> float:
    """MB in a thousand virtual seconds, by least squares."""
    count = len(samples)
    middle, height = sum(one.virtual for one in samples) / count, sum(one.memory for one in samples) / count
    spread = sum((one.virtual - middle) ** 2 for one in samples)
    return 1000 * sum((one.virtual - middle) * (one.memory - height) for one in samples) / spread


def slower(samples: Sequence[SoakSample], seconds: float) -> float:
    """The share by which the last fifth is slower than the first."""
    fifths = parts(samples, seconds, 5)
    return 1 - pace(*fifths[-1]) / pace(*fifths[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", default="raft")
    parser.add_argument("--seconds", type=float, default=10_000.0, help="virtual seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nemesis", default="all")
    given = parser.parse_args(arguments)
    spec = RunSpec(given.target, nemesis=given.nemesis, time_limit=given.seconds, seed=given.seed, budget=Budget(600.0))
    samples, run, held = sampled(spec, lambda line: print(line, flush=True))
    second = [one for one in samples if one.virtual >= given.seconds / 2]
    share = slower(samples, given.seconds)
    print(
        f"memory grows by {slope(second):.1f} MB in 1,000 virtual seconds over the second half; "
        f"{held * 1000 / given.seconds:.1f} MB of it"
    )
    print("are columns of the history")
    print(f"the last fifth is {abs(share):.0%} {'slower' if share > 0 else 'faster'} than the first")
    print(f"{run.status.value}: {run.reason}")
    return int(share > SLOWER_MAX or run.status is RunStatus.INVALID)


if __name__ == "__main__":
    sys.exit(main())
