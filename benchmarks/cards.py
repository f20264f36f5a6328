"""Cards of the real systems, kept in docs/cards: each is one classification, with the load of the machine that it met.

    python benchmarks/cards.py galera [patroni:synchronous=strict ...] [--jobs 1] [--out cards]
    python benchmarks/cards.py galera --no-runs --out cards          only the page, from an earlier classification

Runs `splitbrain classify TARGET --env local --nodes 3` (1 where one node holds everything) and writes its card.md to
docs/cards/NAME.md, below the command, the load and what somebody wrote there. `--resume` goes on with an interrupted
one. The page's line of the navigation goes into mkdocs.yml, its class into the table of docs/systems.md.

Pitfall: a busy machine. Latencies and failovers get longer, windows with them.
"""

import argparse
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from page import replace
from systems import CARDS, MARK, PAGE, rows_of, table

from splitbrain import registry
from splitbrain.classification.record import ClassificationFolder

MKDOCS = PAGE.parents[1] / "mkdocs.yml"
ENTRY = "      - cards/"
BELOW = "<!-- card -->"
"""Line on a page between what somebody wrote and the card."""
MACHINE = "On a machine of two cores"
EVERY_S = 30.0
"""Time between two looks at the load of the machine."""


def main() -> None:
    options = _options()
    for target in options.targets:
        name = target.partition(":")[0]
        one_copy = getattr(registry.target(name), "one_copy", False)
        command = f"splitbrain classify {target} --env local --nodes {1 if one_copy else 3}"
        load = None if options.no_runs else classify([*command.split()[1:], *options.more], options.out)
        card = (ClassificationFolder(options.out).of(target) / "card.md").read_text()
        page = CARDS / f"{slug(target)}.md"
        page.write_text(text(card, f"{command} --out cards", load, page.read_text() if page.exists() else ""))
        MKDOCS.write_text(with_entry(MKDOCS.read_text(), page.name))
        replace(PAGE, MARK, table(dict(rows_of(PAGE.read_text()))))
        print(card.splitlines()[0], flush=True)


def classify(words: Sequence[str], out: Path) -> tuple[float, float]:
    """Classify; the least and the greatest load of the machine meanwhile. SystemExit where there is no card."""
    ended, loads = threading.Event(), [os.getloadavg()[0]]

    def watch() -> None:
        while not ended.wait(EVERY_S):
            loads.append(os.getloadavg()[0])

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    done = subprocess.run([Path(sys.executable).with_name("splitbrain"), *words, "--out", out], check=False)
    ended.set()
    watcher.join()
    if done.returncode > 2:
        raise SystemExit(done.returncode)
    return min(loads), max(loads)


def slug(target: str) -> str:
    """The name of a page: that of the target, and the values of its options."""
    return "-".join(re.split(r"[:,]", re.sub(r"(?<=[:,])\w+=", "", target.lower())))


def text(card: str, command: str, load: tuple[float, float] | None, before: str) -> str:
    """A page: the card below its command, the load, and the words that stood on the page before."""
    title, _, body = card.partition("\n\n")
    words = before.partition("\n```\n\n")[2].partition(BELOW)[0].strip()
    if load:
        about = f"{MACHINE} under a load of {load[0]:.0f} to {load[1]:.0f}."
        words = "\n\n".join([about, *(one for one in words.split("\n\n") if one and not one.startswith(MACHINE))])
    return "\n\n".join([title, f"```\n{command}\n```", *[words] * bool(words), BELOW, body])


def with_entry(mkdocs: str, name: str) -> str:
    """The navigation with a card in its place."""
    lines = mkdocs.splitlines(keepends=True)
    entries = [number for number, line in enumerate(lines) if line.startswith(ENTRY)]
    if f"{ENTRY}{name}\n" in lines:
        return mkdocs
    place = next((number for number in entries if lines[number] > f"{ENTRY}{name}\n"), entries[-1] + 1)
    return "".join([*lines[:place], f"{ENTRY}{name}\n", *lines[place:]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("cards"), help="folder of runs and cards")
    parser.add_argument("--resume", action="store_true", help="go on with the runs of an earlier attempt in --out")
    parser.add_argument("--no-runs", action="store_true", help="run nothing: the card that is in --out")
    options = parser.parse_args()
    options.more = ["--jobs", str(options.jobs), *["--resume"] * options.resume]
    return options


if __name__ == "__main__":
    main()
