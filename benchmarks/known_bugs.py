"""Known bugs of real systems, and runs that a correct one must survive: how often each is seen.

Each row is one command of src/splitbrain/textbook/known_bugs.toml, run with seeds 1, 2, … one after the other.
The tables of docs/known-bugs.md are what this prints. `--write` goes on with the runs that the page tells of, until
each row has as many as it should, and puts the lines there; `--anew` leaves out what the page has.

    python benchmarks/known_bugs.py [--only stale,lock-faults] [--runs 3] [--write] [--anew]

Pitfall: a busy machine. Faults last for a given time while everything else is slower, so fewer runs are refuted there.
"""

import argparse
import sys
from pathlib import Path

from bug_rows import once, page_runs, table
from page import replace_rows

from splitbrain.textbook.known_bugs import known_answers

PAGE = Path(__file__).parents[1] / "docs" / "known-bugs.md"

ROWS = known_answers()


def main() -> None:
    options = _options()
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    if options.list:
        for row in rows:
            print(f"{row.name:<18}{row.command}")
        return
    for row in rows:
        seen = list(page_runs(PAGE.read_text(), [row])) if options.write and not options.anew else []
        begun = len(seen)
        for number in range(max(0, row.runs - begun) if options.runs is None else options.runs):
            result = once(row, begun + number + 1, options.out)
            seen.append(result)
            print(f"{row.name}, seed {result['seed']}: {result['verdict']}: {result['reason']}", file=sys.stderr)
        print("\n".join(lines := table([row], seen)), flush=True)
        if options.write:
            replace_rows(PAGE, lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {row.name for row in ROWS}

    def chosen(text: str) -> list[str]:
        wrong = sorted(set(text.split(",")) - names)
        if wrong:
            raise argparse.ArgumentTypeError(f"there is no row {', '.join(wrong)}; see --list")
        return text.split(",")

    parser.add_argument("--only", type=chosen, default=[], metavar="ROW,ROW")
    parser.add_argument("--list", action="store_true", help="the rows and their commands")
    parser.add_argument("--runs", type=int, default=None, help="how many to run, whatever the page has")
    parser.add_argument("--anew", action="store_true", help="with --write: the runs that the page has do not count")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--write", action="store_true", help="put the lines into docs/known-bugs.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
