"""Start-up time of the command line. Whole processes, from exec to exit, on a machine that did it before.

    python benchmarks/startup.py [--json] [--repeat 15]

A bare interpreter is measured in the same turns, for what of it is Python's own. The goal is under 0.3 s. Pitfall: the
first start compiles, so one of each is run before and not counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

GOAL_SECONDS = 0.3
COMMANDS: dict[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "splitbrain --version": ("-m", "splitbrain", "--version"),
    "splitbrain --help": ("-m", "splitbrain", "--help"),
    "splitbrain check --help": ("-m", "splitbrain", "check", "--help"),
}


def seconds(words: Sequence[str]) -> float:
    """Of one process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    turns = [{name: seconds(words) for name, words in COMMANDS.items()} for _ in range(options.repeat + 1)][1:]
    medians = {name: statistics.median(turn[name] for turn in turns) for name in COMMANDS}
    if options.json:
        print(json.dumps({name: round(median, 4) for name, median in medians.items()}))
        return
    for name, median in medians.items():
        word = "" if name.startswith("python") else "reached" if median < GOAL_SECONDS else "MISSED"
        print(f"{name:26}{median * 1000:7.0f} ms  {word}".rstrip())


if __name__ == "__main__":
    main()
