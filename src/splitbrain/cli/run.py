"""`splitbrain run`: one test with one seed. The verdict first, the command that repeats it last."""

import json
from pathlib import Path
from typing import Any

import click

from splitbrain.cli.exits import OF_VERDICT
from splitbrain.cli.progress import shown
from splitbrain.cli.spec_options import spec_of, spec_options
from splitbrain.harness.announce import on_stderr
from splitbrain.results import text
from splitbrain.runner.launch import carry_out, provide
from splitbrain.runner.plan import plan


@click.command()
@spec_options
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def run(out: Path, as_json: bool, **asked: Any) -> int:
    """Test TARGET once: `raft`, `raft:reads=local`, or module:Class of your own."""
    made = plan(spec_of(asked))
    provide(made, on_stderr)
    title = f"{made.spec.target} · {made.spec.workload} · seed {made.seed}"
    with shown(title, made.spec.time_limit) as progress:
        finished = carry_out(made, out, progress)
    result, folder = finished.result, finished.folder
    if as_json:
        click.echo(json.dumps(result.headline() | {"run": str(folder.path)}))
    else:
        click.echo("\n".join(text.lines(result)))
    click.echo(f"splitbrain: kept in {folder.path}; look at {folder.report_path}", err=True)
    return OF_VERDICT[result.status.value]
