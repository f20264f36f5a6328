"""Seconds to judge a history, and the ratio to Porcupine's. Every row is a kind of work, and its goal.

    python benchmarks/linearizability.py [--only ROW,ROW] [--quick] [--json]
    python benchmarks/linearizability.py --page docs/linearizability.md
    python benchmarks/linearizability.py --plot docs/linearizability.svg

Porcupine is measured in the same run, in turns, when Go is there (see `peer.py`); it gets the faster of one core and
all cores, we get one. A ratio is its time / ours; with > or < one side did not finish in its time. The exit code is 1
if the two ever disagree. Pitfall: --quick takes fewer operations in places, so its figures are not those of the goals.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import page
import plot
from measuring import Goal, Line, Measurement, Peers, Report
from peer import PeerProcess
from rows import ROWS

from splitbrain.checkers.porcupine import kernel

GIB = 1 << 30


def main() -> None:
    """Run the rows that are asked for."""
    options = arguments()
    wanted = options.only.split(",") if options.only else list(ROWS)
    unknown = [row for row in wanted if row not in ROWS]
    if unknown:
        sys.exit(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    limit = options.seconds or (3.0 if options.quick else 20.0)
    peers = None if options.alone else started(options.peer_seconds or limit / 2, int(options.peer_gib * GIB))
    with tempfile.TemporaryDirectory() as folder:
        bench = Measurement(peers, 3 if options.quick else options.rounds, limit, options.quick, Path(folder))
        tell_machine(bench, options.json)
        if options.plot:
            plot.draw(bench, options.plot)
            return
        reports = []
        for row in wanted:
            reports.append(ROWS[row](bench))
            print(reports[-1].to_json() if options.json else "\n".join(table(reports[-1])), flush=True)
    if bench.peers:
        bench.peers.close()
    if options.page:
        page.write(options.page, ", ".join(machine(bench)), reports, list(ROWS))
    sys.exit(any(line.disagreement for report in reports for line in report.lines))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="ROW,…", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="fewer turns, less time, smaller histories")
    parser.add_argument("--json", action="store_true", help="one object a row")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE.svg", help="draw time against length and concurrency instead"
    )
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write the figures into a page as well")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each case")
    parser.add_argument("--seconds", type=float, help="budget of one of our checks")
    parser.add_argument("--peer-seconds", type=float, help="limit of one check of the peer")
    parser.add_argument("--peer-gib", type=float, default=6.0, help="memory that the peer may have")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    return parser.parse_args()


def started(seconds: float, bytes_max: int) -> Peers | None:
    """The peer, or a sentence on standard error why not."""
    one = PeerProcess.start(bytes_max, 1)
    every = PeerProcess.start(bytes_max, os.cpu_count() or 1)
    if isinstance(one, PeerProcess) and isinstance(every, PeerProcess):
        return Peers(every, one, seconds)
    print(one, file=sys.stderr)
    return None


def tell_machine(bench: Measurement, as_json: bool) -> None:
    """The machine that this was measured on."""
    described = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "peer": f"Porcupine {bench.peers.both[0].version}" if bench.peers else None,
        "compiled": kernel.BUILT,
        "rounds": bench.rounds,
        "quick": bench.quick,
    }
    print(json.dumps(described) if as_json else ", ".join(machine(bench)))


def machine(bench: Measurement) -> Sequence[str]:
    """The same in words."""
    words = [f"{processor()}, {os.cpu_count()} cores", f"Python {platform.python_version()}"]
    words += [f"Porcupine {bench.peers.both[0].version}"] if bench.peers else []
    words.append("the compiled search" if kernel.BUILT else "the search in Python")
    return [*words, f"medians of {bench.rounds} turns"] + (["quick"] if bench.quick else [])


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def table(report: Report) -> Sequence[str]:
    """A row for people."""
    width = max(map(len, (line.work for line in report.lines)), default=0)
    lines = ["", f"{report.row}: {report.title}"]
    lines.append(f"  {'':{width}}  {'verdict':24}{'here':>10}{'Porcupine':>14}{'ratio':>9}{'read':>9}{'MiB':>6}")
    return [
        *lines,
        *(f"  {line.work:{width}}  {cells(line)}".rstrip() for line in report.lines),
        *map(told, report.goals),
    ]


def cells(line: Line) -> str:
    """The figures of a case."""
    peer = duration(line.peer_seconds) if line.peer_seconds is not None else line.peer_verdict or ""
    ratio = (
        ""
        if line.ratio is None
        else f"{line.bound}{line.ratio:,.3g}"
        if line.ratio < 1000
        else f"{line.bound}{line.ratio:,.0f}"
    )
    mib = "" if line.peak_bytes is None else f"{line.peak_bytes / (1 << 20):,.0f}"
    verdict = line.verdict + (", DISAGREE" if line.disagreement else "")
    read = "" if line.read_seconds is None else duration(line.read_seconds)
    return f"{verdict:24}{duration(line.seconds):>10}{peer:>14}{ratio:>9}{read:>9}{mib:>6}"


def duration(seconds: float | None) -> str:
    """A time in a unit that fits."""
    if seconds is None:
        return "–"
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def told(goal: Goal) -> str:
    """Whether a goal was reached."""
    word = {True: "reached", False: "MISSED", None: "not known"}[goal.met]
    value = "–" if goal.value is None else f"{'>' if goal.at_least else ''}{page.shown(goal.value)}"
    return f"  {word:9} {goal.name} {value} (goal {goal.sign} {goal.bound:,g})"


if __name__ == "__main__":
    main()
