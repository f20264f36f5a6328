"""Comparison of `guide = "coverage"` with seed after seed: runs until rare planted bugs are found.

Each bug is hunted from several places, once with the seeds as they are and once guided, as a campaign of one test would
run it, until a run is refuted or there were --runs. The table of docs/campaigns.md has the median number of runs and
of CPU seconds; what was not found counts as --runs.

    python benchmarks/guide.py [BUG …] [--starts 5] [--runs 50] [--jobs 1] [--results FILE] [--write]

--results goes on with what is in a file; --write puts the table into docs/campaigns.md; without it, it is printed.

Pitfall: CPU seconds depend on the machine; runs do not, as long as neither stores nor faults change.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.reached import Reached
from splitbrain.campaigns.tasks import RunLine, Task, carry_out_task
from splitbrain.results.result import RunStatus
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.zoo import SEEDS_A_START, hunt_plans

PAGE = Path(__file__).parents[1] / "docs" / "campaigns.md"
BEGIN, END = "<!-- begin: benchmarks/guide.py --write -->", "<!-- end -->"
HEADING = (
    "| bug | found by seeds | found guided | runs by seeds | runs guided | CPU s by seeds | CPU s guided |",
    "|---|--:|--:|--:|--:|--:|--:|",
)
RARE = (
    "gossip:bug=silence-by-wall-clock",
    "single:bug=torn-tail-left",
    "causal:bug=vector-not-merged-on-read",
    "abd:bug=node-counted-twice",
    "abd:bug=no-write-back",
    "primary-backup:bug=torn-tail-left",
    "raft:bug=voter-counted-twice",
    "raft:bug=vote-by-length",
)
"""Bugs that took the plain command 25 seeds or more, of many stores."""
ARMS = ("seeds", "guided")


def tried(bug: str, start: int, runs: int) -> Iterator[dict[str, Any]]:
    """A hunt by seeds and a guided one, from the same place. A run that both have is carried out once."""
    (hunt,) = (one for one in hunt_plans([bug], aimed=False) if one.bug is not None)
    spec = RunSpec(hunt.target, **hunt.fields)
    seeds = tuple(range(start * SEEDS_A_START + 1, start * SEEDS_A_START + runs + 1))
    test = CampaignTest(bug, spec, seeds, "valid", None, plan(replace(spec, seed=seeds[0])))
    done: dict[str, tuple[RunLine, float]] = {}
    for arm in ARMS:
        one = replace(test, guided=arm == ARMS[1])
        reached, spent, number, found = Reached([one]), 0.0, 0, False
        while number < runs and not found:
            chosen, varied = reached.choose(one, seeds[number])
            if chosen.command() not in done:
                began = time.process_time()
                line = carry_out_task(Task(bug, chosen, "valid", Path(os.devnull), "none", varied))
                done[chosen.command()] = line, time.process_time() - began
            line, seconds = done[chosen.command()]
            number, spent, found = number + 1, spent + seconds, line.status is RunStatus.INVALID
            list(reached.ended(line))
        how = (line.varied or {}).get("how") if found else None
        yield {"bug": bug, "start": start, "arm": arm, "found": found, "runs": number, "cpu": spent, "by": how}


def table(lines: Sequence[Mapping[str, Any]], runs: int) -> str:
    """A row a bug, and a sentence for all."""
    rows, better = [], dict.fromkeys(ARMS, 0)
    for bug in dict.fromkeys(line["bug"] for line in lines):
        by_arm = [[line for line in lines if line["bug"] == bug and line["arm"] == arm] for arm in ARMS]
        found = [f"{sum(line['found'] for line in arm)} of {len(arm)}" for arm in by_arm]
        count = [statistics.median(line["runs"] for line in arm) for arm in by_arm]
        spent = [f"{statistics.median(line['cpu'] for line in arm):.1f}" for arm in by_arm]
        rows.append(f"| `{bug}` | {' | '.join([*found, *(f'{n:g}' for n in count), *spent])} |")
        for seeds, guided in zip(*by_arm, strict=True):
            better[ARMS[0]] += seeds["runs"] < guided["runs"]
            better[ARMS[1]] += guided["runs"] < seeds["runs"]
    means = [statistics.fmean(line["runs"] for line in lines if line["arm"] == arm) for arm in ARMS]
    told = (
        f"{len(lines) // 2} hunts of each kind, of {runs} runs at most. On average {means[0]:.1f} runs by seeds and "
        f"{means[1]:.1f} guided; seeds needed fewer in {better[ARMS[0]]} hunts, the guide in {better[ARMS[1]]}."
    )
    return "\n".join([told, "", *HEADING, *rows])


def hunted(job: tuple[str, int, int]) -> list[dict[str, Any]]:
    """Both hunts, in a process of a pool."""
    return list(tried(*job))


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt what the arguments say and the file lacks; print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bugs", nargs="*", default=RARE)
    parser.add_argument("--starts", type=int, default=5, help="hunts of each kind a bug")
    parser.add_argument("--runs", type=int, default=50, help="runs a hunt")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, help="a file of lines of JSON to go on with")
    parser.add_argument("--write", action="store_true", help="put the table into docs/campaigns.md")
    given = parser.parse_args(arguments)
    lines: list[dict[str, Any]] = []
    if given.results and given.results.is_file():
        lines = [json.loads(line) for line in given.results.read_text().splitlines()]
    done = {(line["bug"], line["start"]) for line in lines}
    jobs = [(bug, start, given.runs) for start in range(1, given.starts + 1) for bug in given.bugs]
    with ProcessPoolExecutor(given.jobs) as pool:
        for found in pool.map(hunted, [job for job in jobs if job[:2] not in done]):
            lines += found
            if given.results:
                with given.results.open("a") as file:
                    file.writelines(json.dumps(line) + "\n" for line in found)
    text = table(lines, given.runs)
    if given.write:
        before, begin, rest = PAGE.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{PAGE} lacks {BEGIN} or {END}")
        PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
