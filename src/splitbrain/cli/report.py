"""`splitbrain report`: the page of a run, written anew from what its folder holds; with --steps, the page of what its
nodes did around the anomaly; of a history of another tool, its page beside the file.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from splitbrain.cli.check import asked_of, history_options, judge_beside, judged
from splitbrain.cli.history_sources import HistorySource
from splitbrain.cli.output import out
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.results.folder import LATEST, RunFolder, write_whole


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs/latest"), metavar="[RUN]")
@click.option(
    "--steps",
    is_flag=True,
    help="Repeat a simulated run and write steps.html: its nodes event by event at the anomaly.",
)
@click.option("--at", type=float, metavar="SECONDS", help="With --steps: around this moment, instead of the anomaly.")
@history_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def report(
    run: Path, steps: bool, at: float | None, model: str | None, settings: Sequence[str], form: str, lenient: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write report.html of RUN (a run folder; by default runs/latest) anew, and say where it is. Of a FILE with the
    history of another tool, judged as by `check`, write FILE.html beside it."""
    if at is not None and not steps:
        raise UsageError("--at names the moment of --steps: say --steps too")
    if run.is_file() and run.name != LATEST and not (run.parent / "test.toml").exists():
        where = str(_page_of_history(run, steps, model, settings, form, lenient))
        out(json.dumps({"kind": "report", "history": str(run), "report": where}) if as_json else where)
        return
    if model is not None or settings or form != "auto" or lenient:
        raise UsageError(f"{run}: --model, --set, --format and --lenient are for histories of other tools: the test of "
                         "a run says what it is held against")  # fmt: skip
    folder = RunFolder.open(run)
    if steps:
        where, what = str(_steps_page(folder, at)), "steps"
    else:
        history = read(folder.recorded())
        folder.write_report(history, folder.result(history))
        where, what = str(folder.report_path), "report"
    out(json.dumps({"kind": what, "run": str(folder.path), "report": where}) if as_json else where)


def _page_of_history(
    file: Path, steps: bool, model: str | None, settings: Sequence[str], form: str, lenient: bool
) -> Path:
    """Judge a history of another tool and write its page beside it; the page."""
    from splitbrain.results.report import render

    if steps:
        raise UsageError(f"{file} is no run folder: --steps repeats a run, which takes its test")
    judge, reading = asked_of(model, settings, form, lenient)
    source = HistorySource(str(file), file)
    history, result = judged(source, judge or judge_beside(source), reading, Budget())
    return write_whole(file.with_name(f"{file.name}.html"), render(history, result), "the page")


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
