"""Soak: a long run of one store under all faults, kept in a folder, with its memory and its pace as it goes on.

The clients write and read a few registers (workload `unique-register` with so many `keys`), so that what the store
holds does not grow; with other workloads keys are new for ever, and no store deletes them.

The run is sampled at every second of CPU time, a short one more often: virtual time, CPU time, resident memory. Each
tenth is printed when it is over, with its virtual seconds a CPU second and its memory; at the end how memory grew in a
thousand virtual seconds over the second half, and by how much the last fifth is slower than the first. A history that
grows long is in its file alone until it is judged.

The pace is told twice, by CPU seconds as they were, and as if others used the machine as much as when the run began:
with each sample a piece of work that never changes is timed, and where it takes twice as long, so does all the rest.

    python benchmarks/soak.py [raft] [--seconds 10000] [--seed 1] [--nemesis all] [--keys 40] [--rate 200]

Exit code: 1 if the last fifth is slower by more than 10 %, or the run is refuted; else 0.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.budget import Budget
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
    """virtual, cpu: seconds since the start of the run. memory: MB. undisturbed: cpu, less what others cost more
    than at the beginning; the same where it was not measured."""

    virtual: float
    cpu: float
    memory: float
    undisturbed: float | None = None

    @property
    def own(self) -> float:
        """CPU seconds of a machine that is used by others as it was at the beginning."""
        return self.cpu if self.undisturbed is None else self.undisturbed


class Yardstick:
    """A piece of work that never changes; the CPU seconds that all else would have taken at the pace of the beginning.

    It fills and reads tables larger than the first caches, as the simulator does.
    """

    SIZE = 20_000

    def __init__(self) -> None:
        self._begun = min(self._measure() for _ in range(20))
        self._last = time.process_time()
        self.seconds = 0.0

    def _measure(self) -> float:
        began = time.process_time()
        table = {number: (number, str(number)) for number in range(self.SIZE)}
        sum(len(table[number * 7919 % self.SIZE][1]) for number in range(self.SIZE))
        return time.process_time() - began

    def turn(self) -> None:
        """Count what was spent since the last turn."""
        now = time.process_time()
        taken = min(self._measure() for _ in range(3))
        self.seconds += (now - self._last) * self._begun / taken
        self._last = time.process_time()


def memory_mb() -> float:
    """The memory of this process that is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB


def sampled(spec: RunSpec, say: Callable[[str], None]) -> tuple[list[SoakSample], FinishedRun]:
    """A run with its samples, in a folder that is gone afterwards; each tenth is told."""
    made = plan(spec)
    samples: list[SoakSample] = []
    told = 0
    yardstick = Yardstick()
    began = time.process_time()

    def sample(*_: Any) -> None:
        nonlocal told
        virtual, cpu = made.environment.now() / NANOSECONDS, time.process_time() - began
        yardstick.turn()
        samples.append(SoakSample(virtual, cpu, memory_mb(), yardstick.seconds))
        over = parts([one for one in samples if one.virtual < spec.time_limit], spec.time_limit)
        if told < len(over) - 1:
            say(row(*over[told]))
            told += 1

    signal.signal(signal.SIGPROF, sample)
    every = min(1.0, spec.time_limit / 1000)
    signal.setitimer(signal.ITIMER_PROF, every, every)
    with tempfile.TemporaryDirectory(prefix="splitbrain-soak-") as out:
        run = execute(made, Path(out))
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    # While the history is judged, no virtual time passes.
    samples = [one for one in samples if one.virtual < spec.time_limit]
    for pair in parts(samples, spec.time_limit)[told:]:
        say(row(*pair))
    return samples, run


def row(first: SoakSample, last: SoakSample) -> str:
    """A part of the run in a line."""
    raw = (last.virtual - first.virtual) / (last.cpu - first.cpu)
    own = f"{pace(first, last):6.1f} as at the beginning"
    return f"{last.virtual:8.0f} s  {raw:6.1f} virtual s a CPU s, {own}  {last.memory:7.1f} MB"


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
    """Virtual seconds an undisturbed CPU second from one sample to the other."""
    return (last.virtual - first.virtual) / (last.own - first.own)


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
    parser.add_argument("--keys", type=int, default=40, help="registers")
    parser.add_argument("--rate", type=float, default=None, help="operations a second, as of splitbrain run")
    given = parser.parse_args(arguments)
    spec = RunSpec(
        given.target,
        workload="unique-register",
        settings={"keys": str(given.keys)},
        nemesis=given.nemesis,
        rate=given.rate,
        time_limit=given.seconds,
        seed=given.seed,
        budget=Budget(600.0),
    )
    samples, run = sampled(spec, lambda line: print(line, flush=True))
    second = [one for one in samples if one.virtual >= given.seconds / 2]
    share = slower(samples, given.seconds)
    print(f"memory grows by {slope(second):.1f} MB in 1,000 virtual seconds over the second half")
    print(f"the last fifth is {abs(share):.0%} {'slower' if share > 0 else 'faster'} than the first")
    print(f"{run.status.value}: {run.reason}")
    return int(share > SLOWER_MAX or run.status is RunStatus.INVALID)


if __name__ == "__main__":
    sys.exit(main())
