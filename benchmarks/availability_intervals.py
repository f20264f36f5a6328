"""Coverage of the intervals of availability: how often a card's 95 % interval holds the true share.

The truth comes from 50 times as many runs of the simulator as a repetition has, with other seeds. Beside the deadline
of a card, short ones are looked at, for with them the true share lies between 0 and 1, where an interval is hard.

    python benchmarks/availability_intervals.py [--target raft] [--repetitions 200] [--jobs 2] [--out FILE] [--write]

With --out each repetition adds a line to a file, and a later call goes on with those that are missing. --write puts the
rows into the table of docs/classify.md, in which those of other targets stay.
Exit code: 1 if an interval covers in fewer than 90 % of the repetitions, or in all of them though the true share lies
between 5 and 95 %.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from splitbrain.classification.evidence import ModelsFound, RunEvidence
from splitbrain.classification.figures import measured, side_figures
from splitbrain.classification.final_state import FinalState
from splitbrain.classification.scenarios import CLIENTS, RATE, SCENARIOS, TIMEOUT_S
from splitbrain.classification.windows import READ, WRITE, FaultWindow, fault_windows
from splitbrain.textbook.simulated import simulate
from splitbrain.workloads.availability import AVAILABILITY

DOCS = Path(__file__).parents[1] / "docs" / "classify.md"
BEGIN, END = "<!-- begin: benchmarks/availability_intervals.py --write -->", "<!-- end: intervals -->"
TARGETS = "raft", "quorum:w=1,r=1"
RUNS = 2
"""Runs of one repetition; each has several windows."""
LONGER = 50
NODES = 5
DEADLINES_MS = (1000.0, 4.0, 2.5)
FEWEST = 0.9
BETWEEN = 0.05, 0.95
KINDS = {READ: "reads", WRITE: "writes", "": "both"}
SCENARIO = next(one for one in SCENARIOS if one.split)
UNJUDGED = replace(AVAILABILITY, checkers=lambda settings: (), final=lambda size, settings, history: None)
TRUTH = 0
"""The number of the repetition that is the long one."""
Shares = dict[str, tuple[float, float, float]]
"""`DEADLINE SIDE OPERATIONS` → lower bound, share, upper bound."""


@dataclass(frozen=True)
class CoverageRow:
    """One share and how often its interval held it."""

    target: str
    about: str
    truth: float
    covered: int
    repetitions: int

    @property
    def few(self) -> bool:
        """Whether it covers too rarely."""
        return self.covered < FEWEST * self.repetitions

    @property
    def always(self) -> bool:
        """Whether it covers always, where the truth is no extreme: then it is wider than it says."""
        return BETWEEN[0] < self.truth < BETWEEN[1] and self.covered == self.repetitions

    def told(self) -> str:
        """A row of Markdown."""
        deadline, side, kind = self.about.split()
        return (
            f"| `{self.target}` | {side} | {kind} | {deadline} | {100 * self.truth:.3g} % | "
            f"{self.covered} of {self.repetitions} |"
        )


def windows_of(target: str, seed: int) -> list[FaultWindow]:
    """The fault windows of one run that nobody judges."""
    run = simulate(
        target, seed, UNJUDGED, workload="availability", nodes=NODES, concurrency=CLIENTS * NODES, rate=RATE,
        timeout=TIMEOUT_S, time_limit=SCENARIO.seconds, schedule=SCENARIO.schedule,
    )  # fmt: skip
    return fault_windows(run.history)


def shares(runs: Sequence[Sequence[FaultWindow]]) -> Shares:
    """The intervals of a card of these runs, by each deadline."""
    nothing = FinalState(0, (), 0, ())
    evidence = [
        RunEvidence(SCENARIO.name, seed, "", 0, ModelsFound({}, (), {}), windows, {}, (), nothing, {}, {})
        for seed, windows in enumerate(runs)
    ]
    found: Shares = {}
    for deadline_ms in DEADLINES_MS:
        (scenario,) = measured(evidence, round(deadline_ms * 1e6))
        for side in scenario.sides:
            for kind, word in KINDS.items():
                bounds = side_figures(scenario, side, kind).in_time
                share = bounds.part / bounds.whole if bounds.whole else 0.0
                found[f"{deadline_ms:g} {side} {word}"] = bounds.low, share, bounds.high
    return found


def seeds_of(repetition: int) -> range:
    """The seeds of a repetition; different ones have none in common."""
    if repetition == TRUTH:
        return range(1, LONGER * RUNS + 1)
    first = (LONGER + repetition - 1) * RUNS + 1
    return range(first, first + RUNS)


def repeat(target: str, repetition: int) -> dict[str, Any]:
    """One repetition, as a line of the file."""
    began, seeds = time.process_time(), seeds_of(repetition)
    found = shares([windows_of(target, seed) for seed in seeds])
    return {
        "target": target, "repetition": repetition, "seeds": [seeds[0], seeds[-1]], "shares": found,
        "cpu_seconds": round(time.process_time() - began, 2),
    }  # fmt: skip


def rows(found: Sequence[dict[str, Any]]) -> Iterator[CoverageRow]:
    """A row for each share of each target, from the lines of the file."""
    for target in dict.fromkeys(one["target"] for one in found):
        mine = {one["repetition"]: one["shares"] for one in found if one["target"] == target}
        truth = mine.pop(TRUTH, {})
        for about, (_, share, _) in truth.items():
            each = [one[about] for one in mine.values()]
            yield CoverageRow(target, about, share, sum(low <= share <= high for low, _, high in each), len(each))


def table(found: Sequence[dict[str, Any]], others: Sequence[str] = ()) -> str:
    """All rows, as Markdown, and what a repetition takes. others: rows of other targets, which come first."""
    head = "| target | side | operations | deadline, ms | true share | the interval has it |\n|---|---|---|--:|--:|--:|"
    seconds = sorted(one["cpu_seconds"] for one in found if one["repetition"] != TRUTH)
    took = f"A repetition takes {seconds[len(seconds) // 2]:.1f} CPU seconds (the median)." if seconds else ""
    return "\n".join((head, *others, *(row.told() for row in rows(found)), "", took))


def rows_of_others(page: str, targets: Sequence[str]) -> list[str]:
    """The rows of the table in the page that are of none of these targets."""
    lines = page.partition(BEGIN)[2].partition(END)[0].splitlines()
    return [line for line in lines if line.startswith("| `") and line.split("`")[1] not in targets]


def kept(path: Path | None) -> list[dict[str, Any]]:
    """The lines of the file; a last one that was cut short is left out."""
    if path is None or not path.exists():
        return []
    whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    path.write_text("".join(whole), encoding="utf-8")
    return [json.loads(line) for line in whole]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", help=f"by default {' and '.join(TARGETS)}")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="file of the repetitions, to go on with")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(words)
    targets, last = asked.target or TARGETS, asked.repetitions
    found = [one for one in kept(asked.out) if one["target"] in targets and one["repetition"] <= last]
    done = {(one["target"], one["repetition"]) for one in found}
    left = [(target, number) for target in targets for number in range(last + 1) if (target, number) not in done]
    with ProcessPoolExecutor(asked.jobs) as pool:
        for one in pool.map(repeat, *zip(*left, strict=True)) if left else ():
            found.append(one)
            if asked.out is not None:
                with asked.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(one) + "\n")
    told = table(found)
    print(told)
    if asked.write:
        page = DOCS.read_text(encoding="utf-8")
        put = "\n".join((BEGIN, table(found, rows_of_others(page, targets)), END))
        whole = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: put, page, flags=re.S)
        DOCS.write_text(whole, encoding="utf-8")
    wrong = [row for row in rows(found) if row.few or row.always]
    for row in wrong:
        print(f"covers {'too rarely' if row.few else 'always, though the truth is no extreme'}: {row.told()}",
              file=sys.stderr)  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
