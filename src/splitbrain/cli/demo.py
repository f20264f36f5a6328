"""`splitbrain demo`: what this tool does, in less than half a minute, with nothing but Python."""

import json
import sys
from pathlib import Path

import click

from splitbrain.cli.exits import INVALID, VALID
from splitbrain.cli.output import err, is_terminal, out
from splitbrain.demo import DEFAULT_SEED, Played, Scene, play
from splitbrain.results import format, text
from splitbrain.results.result import RunStatus


@click.command()
@click.option("--seed", default=DEFAULT_SEED, show_default=True)
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a store.")
def demo(seed: int, folder: Path, as_json: bool) -> int:
    """Test four stores in the simulator: a table of verdicts, one explained anomaly, a report."""

    def announce(scene: Scene) -> None:
        if is_terminal(sys.stderr):
            err(f"testing {scene.target} under {scene.nemesis} …")

    played = play(seed, folder, announce)
    unexpected = [one for one in played if not one.as_expected]
    if as_json:
        for one in played:
            headline = one.result.headline() | {"run": str(one.folder.path), "expected": one.scene.expected.value}
            out(json.dumps(headline))
        return INVALID if unexpected else VALID
    out("\n".join(table(played)))
    refuted = next((one for one in reversed(played) if one.result.status is RunStatus.INVALID), None)
    if refuted is not None:
        out("\n".join(["", f"Why {refuted.scene.target} is invalid:", *explanation(refuted)]))
    for one in unexpected:
        out(f"\nnot as expected: {one.scene.target} should be {one.scene.expected.value}: {one.result.reason}")
    out("\nnext:        splitbrain run raft --nemesis all\n             splitbrain list")
    err(f"look at {(refuted or played[0]).folder.report_path}")
    out(f"repeat with: splitbrain demo --seed {seed}")
    return INVALID if unexpected else VALID


def table(played: list[Played]) -> list[str]:
    """One line a store: the answer, what was tested, what it shows."""
    right = sum(one.as_expected for one in played)
    head = f"{right} of {len(played)} verdicts are as expected: 5 nodes, 10 clients, 20 virtual seconds each"
    rows = [("verdict", "store", "faults", "operations", "what it shows")]
    for one in played:
        scene = one.scene
        count = f"{one.result.summary.operations:,}"
        rows.append((one.result.status.value, scene.target, scene.nemesis, count, scene.lesson))
    return [head, "", *format.table(rows, numbers=False)]


def explanation(one: Played) -> list[str]:
    """The anomaly in words."""
    return [f"  {one.result.reason}", *text.witness_lines(one.result)]
