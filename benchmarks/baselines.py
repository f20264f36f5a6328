"""False alarms of baselines on unchanged systems, and their power to see a change.

Simulated runs of some systems are carried out once, with seeds that nobody uses twice. Then:

- false alarms: many campaigns are drawn from them, each with a baseline drawn beside it, no run in both; every
  difference that is told is a false alarm.
- power: campaigns of one system are held to baselines of another, or of the same one in a slower world.

Runs are drawn without repetition within a campaign, and again for the next.

    python benchmarks/baselines.py [--seeds 80] [--campaigns 200] [--jobs 2]

Prints the tables of docs/baselines.md, and how long it took.
"""

import argparse
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from splitbrain.campaigns.baseline import Baseline
from splitbrain.campaigns.chance import LEVEL
from splitbrain.campaigns.compare import Comparison, compare
from splitbrain.campaigns.tasks import RunLine, Task, carry_out_task
from splitbrain.runner.spec import RunSpec

COMMON = {"workload": "register", "nemesis": "partition", "time_limit": 4, "rate": 40, "nemesis_interval": 1}
UNCHANGED: Mapping[str, tuple[Mapping[str, object], str]] = {
    "raft": ({"target": "raft"}, "valid"),
    "raft:reads=index": ({"target": "raft:reads=index"}, "valid"),
    "raft:reads=local": ({"target": "raft:reads=local"}, "invalid"),
    "primary-backup": ({"target": "primary-backup"}, "valid"),
}
"""The tests of each campaign."""
CHANGED: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "a store that answers stale reads": ("raft", {"target": "raft:reads=local"}, "valid"),
    "messages that take 5 ms instead of 1 ms": ("raft", {"target": "raft", "world": "net.latency=5ms"}, "valid"),
    "reads that ask the others, not the log": ("raft", {"target": "raft:reads=index"}, "valid"),
    "elections that begin five times later": ("raft", {"target": "raft:election_ms=1500"}, "valid"),
}
"""The changes: the system before, the system now, and what is expected of both."""
SEEDS_A_SIDE = (10, 20, 40)


def main() -> None:
    """Carry out the runs, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=80, help="runs of each system")
    parser.add_argument("--campaigns", type=int, default=200, help="campaigns for each number of seeds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(asked.jobs) as pool:
        unchanged = {
            name: lines(pool, name, fields, expect, asked.seeds) for name, (fields, expect) in UNCHANGED.items()
        }
        changed = {
            name: lines(pool, before, fields, expect, asked.seeds) for name, (before, fields, expect) in CHANGED.items()
        }
        print(f"{(len(UNCHANGED) + len(CHANGED)) * asked.seeds:,} runs in {time.perf_counter() - began:.0f} s")
        print("\n| seeds a test | campaigns of unchanged systems | that told anything new | at the level, at most |")
        print("|--:|--:|--:|--:|")
        sizes = [seeds for seeds in SEEDS_A_SIDE if 2 * seeds <= asked.seeds]
        for seeds in sizes:
            drawn = pool.map(false_alarm, repeat(unchanged), repeat(seeds), range(asked.campaigns), chunksize=10)
            told = list(drawn)
            print(f"| {seeds} | {len(told)} | {sum(told)} | {LEVEL * len(told):.1f} |")
        print(f"\n| what changed | {' | '.join(f'{seeds} seeds' for seeds in sizes)} |")
        print("|---|" + "--:|" * len(sizes))
        for name, (before, _, _) in CHANGED.items():
            cells = []
            for seeds in sizes:
                then = [one for one, _ in draws(unchanged[before], seeds, asked.campaigns // 4)]
                now = [other for _, other in draws(changed[name], seeds, asked.campaigns // 4)]
                cells.append(f"{100 * sum(pool.map(seen_change, then, now)) / len(now):.0f} %")
            print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nall of it took {time.perf_counter() - began:.0f} s")


def lines(
    pool: ProcessPoolExecutor, test: str, fields: Mapping[str, object], expect: str, seeds: int
) -> Sequence[RunLine]:
    """The runs of one system."""
    return list(pool.map(carried_out, repeat(test), repeat(fields), repeat(expect), range(1, seeds + 1), chunksize=8))


def carried_out(test: str, fields: Mapping[str, object], expect: str, seed: int) -> RunLine:
    """One run."""
    spec = RunSpec(**{**COMMON, **fields, "seed": seed})  # type: ignore[arg-type]
    return carry_out_task(Task(test, spec, expect, Path(os.devnull), "none"))


def draws(runs: Sequence[RunLine], seeds: int, count: int) -> Iterator[tuple[Sequence[RunLine], Sequence[RunLine]]]:
    """Pairs of so many runs each, no run in both."""
    for number in range(count):
        chosen = random.Random(f"{seeds} {number}").sample(range(len(runs)), 2 * seeds)
        yield [runs[at] for at in chosen[:seeds]], [runs[at] for at in chosen[seeds:]]


def false_alarm(unchanged: Mapping[str, Sequence[RunLine]], seeds: int, number: int) -> bool:
    """Whether a campaign tells anything new against a baseline of the same systems with other seeds."""
    before: list[RunLine] = []
    now: list[RunLine] = []
    for name, runs in unchanged.items():
        chosen = random.Random(f"{name} {seeds} {number}").sample(range(len(runs)), 2 * seeds)
        before += [runs[at] for at in chosen[:seeds]]
        now += [runs[at] for at in chosen[seeds:]]
    return told(compare(Baseline.of(before), Baseline.of(now)))


def seen_change(before: Sequence[RunLine], now: Sequence[RunLine]) -> bool:
    """Whether a campaign of a changed system differs from the baseline."""
    compared = compare(Baseline.of(before), Baseline.of(now))
    return told(compared) or any(test.better for test in compared.tests.values())


def told(compared: Comparison) -> bool:
    """Whether a campaign would fail."""
    return any(test.worse for test in compared.tests.values())


if __name__ == "__main__":
    main()
