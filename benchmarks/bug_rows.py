"""Rows of known bugs: one command each, its runs one after the other, and the lines of a table that tell of them."""

import json
import math
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splitbrain.textbook.known_bugs import INVALID, VALID, KnownAnswer

Seen = Mapping[str, Any]
"""One run: what `splitbrain run --json` said, and "row", "date" and "wall_s", the seconds that the command took."""


def once(row: KnownAnswer, seed: int, out: Path) -> Seen:
    """One run. A run that has no verdict counts as one whose verdict is its trouble."""
    splitbrain = Path(sys.executable).with_name("splitbrain")
    words = [str(splitbrain), *shlex.split(row.command)[1:], "--seed", str(seed), "--out", str(out), "--json"]
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = done.stderr.strip().splitlines()[-1:] or [""]
        result = {"verdict": f"exit code {done.returncode}", "reason": said[0], "operations": 0, "seed": seed}
    return {"row": row.name, "date": f"{datetime.now(UTC):%Y-%m-%d}", "wall_s": seconds, **result}


def table(rows: Iterable[KnownAnswer], seen: Iterable[Seen]) -> Sequence[str]:
    """Markdown: one line a row that was ever run, and the commands."""
    seen = list(seen)
    rows = [row for row in rows if any(result["row"] == row.name for result in seen)]
    lines = [
        "| row | what it shows | expected | issue | seen | tries | seconds | operations a run | last run |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        own = [result for result in seen if result["row"] == row.name]
        verdicts = [result["verdict"] for result in own]
        words = ", ".join(f"{word} {verdicts.count(word)}" for word in sorted(set(verdicts)))
        middle = statistics.median(result["operations"] for result in own)
        last = max(result["date"] for result in own)
        timed = [result["wall_s"] for result in own if result.get("wall_s")]
        seconds = f"{statistics.median(timed):.0f}" if timed else "–"
        lines.append(
            f"| `{row.name}` | {row.shows} | {row.expected} | {row.issue} | {words} of {len(own)} "
            f"| {tries(row, verdicts)} | {seconds} | {middle:,.0f} | {last} |"
        )
    return [*lines, "", "```", *(f"{row.name:<18}{row.command}" for row in rows), "```"]


def tries(row: KnownAnswer, verdicts: Sequence[str]) -> str:
    """The number of runs that find a violation with 95 %, by the share of those seen that did; a dash for what should
    hold."""
    found = verdicts.count(INVALID)
    if row.expected == VALID or not found:
        return "–"
    missed = 1 - found / len(verdicts)
    return str(math.ceil(math.log(0.05) / math.log(missed))) if missed else "1"


def page_runs(page: str, rows: Iterable[KnownAnswer]) -> Iterator[Seen]:
    """The runs that the tables of a page tell of, each with the medians of its row; none of a row
    whose command there is another one."""
    for row in rows:
        line = re.search(rf"^\| `{re.escape(row.name)}` \|.*$", page, re.M)
        if not line or f"\n{row.name:<18}{row.command}\n" not in page:
            continue
        *_, words, _, seconds, operations, date, _ = (cell.strip() for cell in line[0].split("|"))
        for verdict, number in re.findall(r"([a-z][a-z ]*(?:\d+(?= \d))?) (\d+)(?=,| of )", words):
            for _ in range(int(number)):
                yield {
                    "row": row.name, "verdict": verdict, "operations": int(operations.replace(",", "")), "date": date,
                    "wall_s": None if seconds == "–" else float(seconds.replace(",", "")),
                }  # fmt: skip
