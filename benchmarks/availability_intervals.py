"""Coverage of the intervals of availability: how often a card's 95 % interval holds the true share.

The truth comes from 50 times as many runs of the simulator as a repetition has, with other seeds. Beside the deadline
of a card, short ones are looked at, for with them the true share lies between 0 and 1, where an interval is hard.

    python benchmarks/availability_intervals.py [--target raft] [--repetitions 200] [--jobs 2]

Exit code: 1 if an interval covers in fewer than 90 % of the repetitions.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from splitbrain.classification.evidence import ModelsFound, RunEvidence
from splitbrain.classification.figures import measured, side_figures
from splitbrain.classification.final_state import FinalState
from splitbrain.classification.scenarios import CLIENTS, RATE, SCENARIOS, TIMEOUT_S
from splitbrain.classification.windows import KINDS, FaultWindow, fault_windows
from splitbrain.textbook.simulated import simulate
from splitbrain.workloads.availability import AVAILABILITY

RUNS = 2
"""Runs of one repetition; each has several windows."""
LONGER = 50
NODES = 5
DEADLINES_MS = (1000.0, 4.0, 2.5)
FEWEST = 0.9
BETWEEN = 0.05, 0.95
SCENARIO = next(one for one in SCENARIOS if one.split)
UNJUDGED = replace(AVAILABILITY, checkers=lambda settings: (), final=lambda size, settings, history: None)


@dataclass(frozen=True)
class CoverageRow:
    """One share and how often its interval held it. above, below: repetitions whose interval lay beside the truth."""

    target: str
    side: str
    kind: str
    deadline_ms: float
    truth: float
    covered: int
    repetitions: int

    def told(self) -> str:
        """A row of Markdown."""
        return (
            f"| `{self.target}` | {self.side} | {self.kind}s | {self.deadline_ms:g} | {100 * self.truth:.3g} % | "
            f"{self.covered} of {self.repetitions} |"
        )


def windows_of(target: str, seed: int) -> list[FaultWindow]:
    """The fault windows of one run that nobody judges."""
    run = simulate(
        target, seed, UNJUDGED, workload="availability", nodes=NODES, concurrency=CLIENTS * NODES, rate=RATE,
        timeout=TIMEOUT_S, time_limit=SCENARIO.seconds, schedule=SCENARIO.schedule,
    )  # fmt: skip
    return fault_windows(run.history)


def intervals(
    runs: Sequence[Sequence[FaultWindow]], deadline_ms: float
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """(side, kind) → lower bound, share, upper bound, as a card of these runs has them."""
    nothing = FinalState(0, (), 0, ())
    evidence = [
        RunEvidence(SCENARIO.name, seed, "", 0, ModelsFound({}, (), {}), windows, {}, {}, nothing, {}, {})
        for seed, windows in enumerate(runs)
    ]
    (scenario,) = measured(evidence, round(deadline_ms * 1e6))
    found = {}
    for side in scenario.sides:
        for kind in KINDS:
            bounds = side_figures(scenario, side, kind).in_time
            found[side, kind] = bounds.low, bounds.part / bounds.whole if bounds.whole else 0.0, bounds.high
    return found


def coverage(target: str, repetitions: int, jobs: int) -> list[CoverageRow]:
    """The rows of one target."""
    last = (repetitions + LONGER) * RUNS
    with ProcessPoolExecutor(jobs) as pool:
        runs = list(pool.map(windows_of, [target] * last, range(1, last + 1), chunksize=8))
    long, short = runs[: LONGER * RUNS], runs[LONGER * RUNS :]
    parts = [short[at : at + RUNS] for at in range(0, len(short), RUNS)]
    rows = []
    for deadline_ms in DEADLINES_MS:
        each = [intervals(part, deadline_ms) for part in parts]
        for (side, kind), (_, truth, _) in intervals(long, deadline_ms).items():
            covered = sum(one[side, kind][0] <= truth <= one[side, kind][2] for one in each)
            rows.append(CoverageRow(target, side, kind, deadline_ms, truth, covered, len(each)))
    return rows


def main() -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", help="by default raft and quorum:w=1,r=1")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    rows = [
        row for target in asked.target or ["raft", "quorum:w=1,r=1"]
        for row in coverage(target, asked.repetitions, asked.jobs)
    ]  # fmt: skip
    head = "| target | side | operations | deadline, ms | true share | the interval has it |\n|---|---|---|--:|--:|--:|"
    table = "\n".join((head, *(row.told() for row in rows)))
    print(table)
    low, high = BETWEEN
    always = [row for row in rows if low < row.truth < high and row.covered == row.repetitions]
    for row in always:
        print(f"covers always, so it is wider than it says: {row.told()}", file=sys.stderr)
    few = [row for row in rows if row.covered < FEWEST * row.repetitions]
    return 1 if few else 0


if __name__ == "__main__":
    sys.exit(main())
