"""`splitbrain report`: the page of a run, written anew from what its folder holds."""

from pathlib import Path

import click

from splitbrain.harness.histories import read
from splitbrain.results.folder import RunFolder
from splitbrain.results.format import plain_lines


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs/latest"), metavar="[RUN]")
def report(run: Path) -> None:
    """Write report.html of RUN (a run folder; by default runs/latest) anew, and say where it is."""
    folder = RunFolder.open(run)
    history = read(folder.recorded())
    folder.write_report(history, folder.result(history))
    click.echo(plain_lines(str(folder.report_path)))
