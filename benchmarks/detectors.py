"""Detectors of failures of the store gossip: how soon a node that went down is suspected, and how often one that is up.

For each threshold a cluster of five runs in the simulator, on a good network, and on a bad one that loses a third of
the messages and delays a third of the others by up to half a second. One node is killed for ten seconds. Detection time
is that from the kill until each other node suspects it; a suspicion of a node that is up is a false one.

    python benchmarks/detectors.py [--seeds 3] [--seconds 60] [--write]

--write puts the table into docs/stores.md. Exit code: 1 if a longer timeout, or a greater phi, finds a node sooner.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bug_zoo import written

from splitbrain.harness.environments.sim import Sim, SimOptions
from splitbrain.harness.environments.sim.network import NetworkOptions
from splitbrain.harness.marks import MarkEvent
from splitbrain.textbook.simulated import script, simulate

DOCS = Path(__file__).parents[1] / "docs" / "stores.md"
BEGIN = "<!-- begin: benchmarks/detectors.py --write -->"
SECOND = 1_000_000_000
NODES = 5
KILLED = "n5"
KILL = {"fault": "kill", "variant": "one", "start": 10.0, "duration": 10.0, "nodes": [KILLED]}
AFTER_S = 5.0
"""The time after a restart in which nobody knows yet that the node is up again."""
NETWORKS = {"good": NetworkOptions(), "bad": NetworkOptions(loss=0.33, tail=0.33, tail_ms_max=500.0)}
THRESHOLDS = (
    *(("timeout", f"{ms} ms", f"timeout_ms={ms}") for ms in (500, 1000, 1500, 2000, 3000)),
    *(("phi", str(phi), f"phi={phi}") for phi in (2, 4, 8, 16, 32)),
)


@dataclass
class DetectorFigures:
    """Measures of one threshold on one network. detections_s: a time for each run and each node that lived.
    hours: node pairs times hours."""

    detections_s: list[float] = field(default_factory=list)
    false: int = 0
    hours: float = 0.0

    @property
    def detection_s(self) -> float:
        """The median detection time; infinite if most nodes never suspected it."""
        return statistics.median(self.detections_s)

    @property
    def false_an_hour(self) -> float:
        """False suspicions by one node of another one, in an hour."""
        return self.false / self.hours


def measured(target: str, network: NetworkOptions, seeds: int, seconds: float) -> DetectorFigures:
    """The figures of a target on a network."""
    found = DetectorFigures()
    for seed in range(1, seeds + 1):
        environment = Sim(seed, SimOptions(network=network))
        suspicions: list[MarkEvent] = []
        environment.marks.subscribe(suspicions.append, "suspects")
        run = simulate(
            target, seed, None, environment, nodes=NODES, rate=5.0, time_limit=seconds, schedule=script(KILL)
        )
        (window,) = run.windows("kill")
        down, up = window.start_ns, window.stop_ns + round(AFTER_S * SECOND)
        first: dict[str, int] = {}
        for event in suspicions:
            if event.values == (KILLED,) and down <= event.time < window.stop_ns:
                first.setdefault(event.node, event.time)
            elif KILLED not in (event.node, *event.values) or not down <= event.time < up:
                found.false += 1
        others = [f"n{number}" for number in range(1, NODES)]
        found.detections_s += [(first[node] - down) / SECOND if node in first else float("inf") for node in others]
        found.hours += NODES * (NODES - 1) * seconds / 3600
    return found


def table(figures: dict[tuple[str, str, str], DetectorFigures]) -> str:
    """The table."""
    lines = [
        "| detector | threshold | found after s, good network | bad network | false suspicions an hour, good | bad |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for detector, words, _ in THRESHOLDS:
        good, bad = (figures[detector, words, network] for network in NETWORKS)
        cells = (f"{good.detection_s:.1f}", f"{bad.detection_s:.1f}", f"{good.false_an_hour:,.1f}")
        lines.append(f"| `{detector}` | {words} | {' | '.join(cells)} | {bad.false_an_hour:,.1f} |")
    return "\n".join(lines)


def ordered(figures: dict[tuple[str, str, str], DetectorFigures]) -> bool:
    """Whether no higher threshold finds a node sooner."""
    for network in NETWORKS:
        for kind in ("timeout", "phi"):
            times = [figures[kind, words, network].detection_s for detector, words, _ in THRESHOLDS if detector == kind]
            if times != sorted(times):
                return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="virtual seconds a run")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    figures = {
        (detector, words, name): measured(f"gossip:detector={detector},{option}", network, given.seeds, given.seconds)
        for detector, words, option in THRESHOLDS
        for name, network in NETWORKS.items()
    }
    text = table(figures)
    print(text)
    if given.write:
        DOCS.write_text(written(DOCS.read_text(), text, BEGIN))
    return 0 if ordered(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
