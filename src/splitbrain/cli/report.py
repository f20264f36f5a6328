"""`splitbrain report`: the page of a run, written anew from what its folder holds."""

import json
from pathlib import Path

import click

from splitbrain.cli.output import out
from splitbrain.harness.histories import read
from splitbrain.results.folder import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs/latest"), metavar="[RUN]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def report(run: Path, as_json: bool) -> None:
    """Write report.html of RUN (a run folder; by default runs/latest) anew, and say where it is."""
    folder = RunFolder.open(run)
    history = read(folder.recorded())
    folder.write_report(history, folder.result(history))
    where = str(folder.report_path)
    out(json.dumps({"kind": "report", "run": str(folder.path), "report": where}) if as_json else where)
