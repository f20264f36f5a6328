"""Stability of classes: the class of each store of the textbook that the simulator runs, over many samples.

    python benchmarks/class_stability.py [TARGET ...] [--seeds 1-20] [--jobs 2] [--results FILE] [--write]

Each seed is another sample of runs, see `splitbrain classify --seed`. With --results each sample adds a line to a file,
and a later call goes on with those that are missing. --write puts the table into docs/classify.md.
Exit code: 1 if a store has two classes.
"""

import argparse
import json
import re
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from splitbrain import classify
from splitbrain.textbook.systems import textbook

DOCS = Path(__file__).parents[1] / "docs" / "classify.md"
BEGIN, END = "<!-- begin: benchmarks/class_stability.py --write -->", "<!-- end: classes -->"


def cpu() -> float:
    """CPU seconds of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def sample(target: str, nodes: int, seed: int, jobs: int) -> dict[str, Any]:
    """One classification."""
    began = cpu()
    with tempfile.TemporaryDirectory(prefix="splitbrain-") as place:
        (card,) = classify(target, nodes=nodes or None, seed=seed, jobs=jobs, out=Path(place) / "cards").cards
        line = card.line()
    kept = {name: line[name] for name in ("target", "class", "reads", "writes", "pacelc", "lost_writes", "runs")}
    return {**kept, "seed": seed, "missing": line.get("missing", []), "cpu_seconds": round(cpu() - began, 1)}


def table(found: list[dict[str, Any]]) -> str:
    """A row a target."""
    rows = [
        "| target | class | reads | writes | PACELC | seeds | runs a sample | CPU s |",
        "|---|---|---|---|---|---|--:|--:|",
    ]
    for target in dict.fromkeys(one["target"] for one in found):
        mine = [one for one in found if one["target"] == target]
        words = [_counted([one[name] for one in mine]) for name in ("class", "reads", "writes", "pacelc")]
        runs = sorted(one["runs"] for one in mine)
        seconds = sorted(one["cpu_seconds"] for one in mine)[len(mine) // 2]
        rows.append(f"| `{target}` | {' | '.join(words)} | {_ranges([one['seed'] for one in mine])} | "
                    f"{runs[0] if runs[0] == runs[-1] else f'{runs[0]}–{runs[-1]}'} | {seconds:.0f} |")  # fmt: skip
    return "\n".join(rows)


def _ranges(numbers: list[int]) -> str:
    """Numbers in order, with neighbours drawn together: `1–3, 5`."""
    parts = list[list[int]]()
    for number in sorted(numbers):
        if parts and parts[-1][1] + 1 == number:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in parts)


def _counted(words: list[str]) -> str:
    counts = Counter(words).most_common()
    return words[0] if len(counts) == 1 else ", ".join(f"{word} {count}" for word, count in counts)


def main() -> int:
    """Classify, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    lines = [line for line in textbook() if line.target and line.env == "sim"]
    chosen = {line.target: line.nodes for line in lines if not asked.targets or line.target in asked.targets}
    found: list[dict[str, Any]] = []
    if asked.results is not None and asked.results.exists():
        found = [json.loads(line) for line in asked.results.read_text(encoding="utf-8").splitlines()]
    done = {(one["target"], one["seed"]) for one in found}
    for seed in range(int(first), int(last or first) + 1):
        for target, nodes in chosen.items():
            if (target, seed) in done:
                continue
            found.append(sample(target, nodes, seed, asked.jobs))
            print(json.dumps(found[-1], ensure_ascii=False), file=sys.stderr, flush=True)
            if asked.results is not None:
                with asked.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found[-1], ensure_ascii=False) + "\n")
    order = {line.target: number for number, line in enumerate(lines)}
    found.sort(key=lambda one: (order.get(one["target"], len(order)), one["seed"]))
    told = table(found)
    print(told)
    if asked.write:
        page = DOCS.read_text(encoding="utf-8")
        put = "\n".join((BEGIN, told, END))
        whole = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: put, page, flags=re.S)
        DOCS.write_text(whole, encoding="utf-8")
    classes = Counter(target for target, _ in {(one["target"], one["class"]) for one in found})
    return 1 if max(classes.values(), default=0) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
