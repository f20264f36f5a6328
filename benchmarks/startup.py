"""CPU time of the start of the command line: whole processes, from exec to exit, on a machine that did it before.

    python benchmarks/startup.py [--json] [--repeat 15]

A bare interpreter is measured in the same turns, for what of it is Python's own. Pitfall: the first start compiles, so
one of each is run before and not counted.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

COMMANDS: dict[str, tuple[float | None, Sequence[str]]] = {
    "python -c pass": (None, ("-c", "pass")),
    "splitbrain --version": (0.1, ("-m", "splitbrain", "--version")),
    "splitbrain --help": (0.1, ("-m", "splitbrain", "--help")),
    "splitbrain check --help": (0.3, ("-m", "splitbrain", "check", "--help")),
    "splitbrain list": (0.3, ("-m", "splitbrain", "list")),
    "run raft --time-limit 1": (0.8, ("-m", "splitbrain", "run", "raft", "--time-limit", "1", "--seed", "1")),
}
"""Goal in seconds, and the words after the interpreter."""


def seconds(words: Sequence[str], folder: str) -> float:
    """CPU seconds of one process, started in a folder of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the median of each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        turns = [
            {name: seconds(words, folder) for name, (_, words) in COMMANDS.items()} for _ in range(options.repeat + 1)
        ][1:]
    medians = {name: statistics.median(turn[name] for turn in turns) for name in COMMANDS}
    if options.json:
        print(json.dumps({name: round(median, 4) for name, median in medians.items()}))
        return
    for name, median in medians.items():
        goal = COMMANDS[name][0]
        word = "" if goal is None else f"reached, {goal:g} s" if median <= goal else f"MISSED, {goal:g} s"
        print(f"{name:26}{median * 1000:7.0f} ms  {word}".rstrip())


if __name__ == "__main__":
    main()
