"""Table of the real systems: how long each takes until it serves, how much it does, and what a run with kills finds.

    python benchmarks/systems.py [--only rqlite,nats] [--time-limit 60] [--write]
    python benchmarks/systems.py --no-runs --write           only the classes, anew

One run each, `splitbrain run NAME --env local --nemesis kill`, of three nodes or, where one holds everything, of one.
`--write` puts the table into docs/systems.md; rows of systems that were not run stay. What is missing is told in place
of a verdict. Seconds until it serves are those until the first operation of a client. The class is that of the cards in
docs/cards, which `splitbrain classify` makes.

Pitfall: a busy machine. All figures but the verdict depend on it.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from page import replace

from splitbrain import registry
from splitbrain.classification.scenarios import WORKLOAD
from splitbrain.targets import STORES, TARGETS

PAGE = Path(__file__).parents[1] / "docs" / "systems.md"
CARDS = PAGE.parent / "cards"
MARK = "systems"
NOT_SYSTEMS = {*STORES, "binary", "maelstrom"}
"""Targets that are stores of our own, or run programs of the user's."""
TEXTBOOK = re.compile(r"^\| textbook \| (\w+)", re.M)
"""The textbook's claim as it stands in a card."""
SYSTEMS = tuple(name for name in TARGETS if name not in NOT_SYSTEMS)
HEAD = (
    "system",
    "nodes",
    "seconds until it serves",
    "operations a second",
    "verdict",
    "processes killed",
    "run",
    "class",
)


def main() -> None:
    options = _options()
    lines = dict(rows_of(PAGE.read_text())) if options.write else {}
    for name in () if options.no_runs else options.only or SYSTEMS:
        lines[name] = row(name, options.time_limit)
        print(lines[name], flush=True)
        if options.write:
            replace(PAGE, MARK, table(lines))
    if options.no_runs and options.write:
        replace(PAGE, MARK, table(lines))


def row(name: str, seconds: int) -> str:
    """A line of the table: one run of a system."""
    nodes = 1 if getattr(registry.target(name), "one_copy", False) else 3
    with tempfile.TemporaryDirectory(prefix="splitbrain-systems-") as folder:
        words = ["run", name, "--env", "local", "--nodes", str(nodes), "--nemesis", "kill"]
        words += ["--time-limit", str(seconds), "--out", folder, "--json"]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("splitbrain")), *words], capture_output=True, text=True, check=False
        )
        try:
            result: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):  # it was not run: the first sentence says why
            said = next(iter(done.stdout.splitlines() or done.stderr.strip().splitlines()[-1:]), "")
            return cells(name, nodes, "–", "–", f"exit code {done.returncode}: {said}", "–")
        if not result["operations"]:
            return cells(name, nodes, "–", "–", f"{result['verdict']}: {result['reason']}".splitlines()[0], "–")
        first = first_operation(folder / Path(result["run"]))
    killed = result["faults"].get("kill", {}).get("bite", {}).get("processes_killed", 0)
    rate = result["operations"] / seconds
    return cells(name, nodes, f"{first:.1f}", f"{rate:.0f}", result["verdict"], f"{killed:.0f}")


def first_operation(run: Path) -> float:
    """The seconds until the first operation of a run began."""
    with gzip.open(run / "history.jsonl.gz", "rt") as file:
        return float(json.loads(file.readline())["time"] / 1e9)


def cells(name: str, nodes: int, *words: str) -> str:
    """A line of Markdown, with the day and the load that it was run under."""
    load = os.getloadavg()[0]
    return f"| `{name}` | {nodes} | {' | '.join(words)} | {datetime.now(UTC):%Y-%m-%d}, load {load:.0f} |"


def classes(name: str) -> str:
    """The classes of a system's cards, each with the options that its card is of and the textbook's claim; or why it
    has none."""
    found = []
    for card in sorted(CARDS.glob("*.md")):
        text = card.read_text()
        target, _, letters = text.splitlines()[0].removeprefix("# ").rpartition(": ")
        system, _, options = target.partition(":")
        if system == name:
            about = [f"`{options}`"] * bool(options) + [f"textbook: {said[1]}" for said in TEXTBOOK.finditer(text)]
            found.append(f"[{letters}](cards/{card.name})" + (f" ({'; '.join(about)})" if about else ""))
    return ", ".join(found) or not_classified(name)


def not_classified(name: str) -> str:
    """The reason why a system has no card."""
    lacks = registry.missing(registry.workload(WORKLOAD), registry.target(name))
    return f"none: it has no {' and no '.join(lacks)}" if lacks else "not classified"


def table(lines: Mapping[str, str]) -> list[str]:
    """The lines, in the order of the systems, with their head and their classes."""
    known = (f"{lines[name]} {classes(name)} |" for name in SYSTEMS if name in lines)
    return [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *known]


def rows_of(page: str) -> list[tuple[str, str]]:
    """The lines of systems that a page has, by name, without their classes."""
    _, _, rest = page.partition(f"<!-- {MARK}: begin -->")
    lines = rest.partition(f"<!-- {MARK}: end -->")[0].splitlines()
    found = ((re.match(r"\| `([\w-]+)` \|", line), line) for line in lines)
    return [(name[1], "|".join(line.split("|")[: len(HEAD)]) + "|") for name, line in found if name]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def chosen(text: str) -> list[str]:
        wrong = sorted(set(text.split(",")) - set(SYSTEMS))
        if wrong:
            raise argparse.ArgumentTypeError(f"there is no system {', '.join(wrong)}; there are {', '.join(SYSTEMS)}")
        return text.split(",")

    parser.add_argument("--only", type=chosen, default=[], metavar="NAME,NAME")
    parser.add_argument("--time-limit", type=int, default=60, help="of each run, in seconds")
    parser.add_argument("--no-runs", action="store_true", help="run nothing: the rows that the page has")
    parser.add_argument("--write", action="store_true", help="put the table into docs/systems.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
