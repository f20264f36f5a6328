"""The table of docs/bug-zoo.md: each planted bug, hunted with the plain command, seeds 1, 2, … until it is found.

The plain command is `splitbrain run BUG --nemesis all --time-limit 15`, as in `splitbrain zoo`. With --results each
hunt adds a line to a file, and a later call goes on with the bugs that have none there; the table is made of the whole
file.

    python benchmarks/bug_zoo.py [raft single primary-backup] [--cpu-limit 60] [--start 0] [--results FILE] [--write]

--write puts the table into docs/bug-zoo.md; without it, it is printed. Rows of bugs that were not hunted now, nor are
in the file, stay as they stand there.

Pitfall: CPU seconds depend on the machine; seeds do not, as long as neither the store nor the faults change.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.zoo import HUNTED, BugResult, HuntPlan, hunt, hunt_plans

PAGE = Path(__file__).parents[1] / "docs" / "bug-zoo.md"
BEGIN, END = "<!-- begin: benchmarks/bug_zoo.py --write -->", "<!-- end -->"
HEADING = ("| bug | mistake | found by | seed | CPU s |", "|---|---|---|---:|---:|")


def table(plans: Sequence[HuntPlan], lines: Mapping[str, Mapping[str, Any]]) -> str:
    """All bugs that were hunted, a sentence for all, and why some were missed."""
    rows, spent, missed, reasons = [], [], 0.0, []
    for one in plans:
        line = lines.get(one.target)
        if line is None or one.bug is None:
            continue
        if line["found"]:
            spent.append(line["cpu_seconds"])
            how = f"{line['by']} | {line['seed']} | {line['cpu_seconds']:.1f} |"
        else:
            missed = max(missed, line["cpu_seconds"])
            reasons.append(f"- `{one.target}`: {reason(one.bug, line)}.")
            how = f"missed | – | {line['cpu_seconds']:.1f} ({line['seeds']} runs) |"
        rows.append(f"| `{one.target}` | {one.bug.mistake} | {how}")
    total = f"{len(spent)} of {len(rows)} found"
    if spent:
        total += f", the median of these after {statistics.median(spent):.1f} CPU seconds"
    if missed:
        total += f"; no other was hunted for more than {missed:.0f}"
    why = ["", "What is missed, and why:", "", *reasons] if reasons else []
    return "\n".join([f"{total}.", "", *HEADING, *rows, *why])


def reason(bug: PlantedBug, line: Mapping[str, Any]) -> str:
    """Reason for which a bug was missed."""
    if line.get("common"):
        return f"{' and '.join(line['common'])} refuted it, and the correct store with the same seeds, too"
    return bug.rare or "nothing is known of why"


ROW = re.compile(r"\| `([^`]+)` \|.*\| (.+) \| (.+) \| ([\d.]+)(?: \((\d+) runs\))? \|")


def standing(page: str) -> dict[str, dict[str, Any]]:
    """The rows of a page's table, as lines of results by bug."""
    found = {}
    for row in page.partition(BEGIN)[2].partition(END)[0].splitlines():
        if (match := ROW.fullmatch(row)) is not None:
            bug, by, seed, spent, runs = match.groups()
            result = (
                {"found": True, "by": by, "seed": int(seed)} if runs is None else {"found": False, "seeds": int(runs)}
            )
            found[bug] = {"bug": bug, "cpu_seconds": float(spent), **result}
    return found


def written(page: str, text: str, place: str = BEGIN) -> str:
    """The page with another text at a place. ValueError if it has none."""
    before, begin, rest = page.partition(place)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {place} or {END}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt what the arguments say and the file lacks; print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=HUNTED)
    parser.add_argument("--cpu-limit", type=float, default=60.0, help="CPU seconds a bug")
    parser.add_argument("--start", type=int, default=0, help="the seeds begin at so many times 10,000")
    parser.add_argument("--results", type=Path, help="a file of lines of JSON to go on with")
    parser.add_argument("--write", action="store_true", help="put the table into docs/bug-zoo.md")
    given = parser.parse_args(arguments)
    plans = [one for one in hunt_plans(given.targets, aimed=False) if one.bug is not None]
    lines: dict[str, Mapping[str, Any]] = {}
    if given.results and given.results.is_file():
        lines = {line["bug"]: line for line in map(json.loads, given.results.read_text().splitlines())}
    with tempfile.TemporaryDirectory(prefix="splitbrain-zoo-") as folder:
        for one in plans:
            if one.target in lines:
                continue
            found = BugResult(one, [hunt(one, given.start, given.cpu_limit, Path(folder))]).to_json()
            lines[one.target] = found
            if given.results:
                with given.results.open("a") as file:
                    file.write(json.dumps(found) + "\n")
    if given.write:
        lines = {**standing(PAGE.read_text()), **lines}
    text = table([one for one in hunt_plans(HUNTED, aimed=False) if one.bug is not None], lines)
    if given.write:
        PAGE.write_text(written(PAGE.read_text(), text))
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
