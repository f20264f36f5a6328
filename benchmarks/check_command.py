"""Time that `splitbrain check` takes for each history of a folder, beside the same calls inside one process.

    python benchmarks/check_command.py FOLDER --model cas-register

Both columns are from interned columns to verdict, without reading and witness: what the command reports as `seconds`,
and `porcupine.check` on histories read before.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from splitbrain.checkers import porcupine
from splitbrain.harness.histories import read

ROUNDS = 5


def by_command(folder: Path, model: str) -> list[float]:
    """The `seconds` of each history, as the command tells them."""
    words = [sys.executable, "-m", "splitbrain", "check", str(folder), "--model", model, "--json"]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return [json.loads(line)["seconds"] for line in told.splitlines()]


def by_calls(folder: Path, model: str) -> list[float]:
    """Seconds of each history, all of them read before."""
    made = porcupine.MODELS[model].make()
    histories = [read(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    taken = []
    for history in histories:
        history.operations()
        began = time.perf_counter()
        porcupine.check(made, history, explain=False)
        taken.append(time.perf_counter() - began)
    return taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Print medians over rounds: sum and geometric mean."""
    parser = argparse.ArgumentParser(prog="python benchmarks/check_command.py")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="cas-register")
    options = parser.parse_args(arguments)
    rounds: dict[str, list[list[float]]] = {"command": [], "calls": []}
    for _ in range(ROUNDS):
        rounds["command"].append(by_command(options.folder, options.model))
        rounds["calls"].append(by_calls(options.folder, options.model))
    for name, taken in rounds.items():
        each = [statistics.median(column) for column in zip(*taken, strict=True)]
        mean = statistics.geometric_mean(each)
        print(f"{name:<8} {len(each)} histories: sum {sum(each) * 1e3:.2f} ms, geometric mean {mean * 1e6:.0f} µs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
