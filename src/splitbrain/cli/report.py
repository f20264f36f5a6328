"""`splitbrain report`: the page of a run, written anew from what its folder holds; with --steps, the page of what its
nodes did around the anomaly.
"""

import json
from pathlib import Path

import click

from splitbrain.cli.output import out
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.results.folder import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs/latest"), metavar="[RUN]")
@click.option(
    "--steps",
    is_flag=True,
    help="Repeat a simulated run and write steps.html: its nodes event by event at the anomaly.",
)
@click.option("--at", type=float, metavar="SECONDS", help="With --steps: around this moment, instead of the anomaly.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def report(run: Path, steps: bool, at: float | None, as_json: bool) -> None:
    """Write report.html of RUN (a run folder; by default runs/latest) anew, and say where it is."""
    if at is not None and not steps:
        raise UsageError("--at names the moment of --steps: say --steps too")
    if run.is_file():
        raise UsageError(
            f"{run} is no run folder: the page of a history of another tool is written by 'splitbrain check {run} "
            "--model MODEL --report DIR'"
        )
    folder = RunFolder.open(run)
    if steps:
        where, what = str(_steps_page(folder, at)), "steps"
    else:
        history = read(folder.recorded())
        folder.write_report(history, folder.result(history))
        where, what = str(folder.report_path), "report"
    out(json.dumps({"kind": what, "run": str(folder.path), "report": where}) if as_json else where)


def _steps_page(folder: RunFolder, at: float | None) -> Path:
    """Write the page of a run's steps; the file."""
    from splitbrain.results.report import render_steps
    from splitbrain.runner.steps import record_steps, span_around, span_of_anomaly

    history = read(folder.recorded())
    result = folder.result(history)
    if at is not None and history.time and not 0 <= at * 1e9 <= history.time[-1]:
        raise UsageError(f"--at {at:g}: the run lasted from 0 to {history.time[-1] / 1e9:.3f} s")
    span = span_of_anomaly(history, result.verdict) if at is None else span_around(at)
    steps = record_steps(folder, span)
    return folder.write("steps.html", render_steps(history, result, steps, cut=span.cut))
