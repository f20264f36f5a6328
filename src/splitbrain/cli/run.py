"""`splitbrain run`: one test with one seed. The verdict first, the command that repeats it last."""

import json
from pathlib import Path
from typing import Any

import click

from splitbrain.cli.exits import OF_VERDICT
from splitbrain.cli.output import err, out
from splitbrain.cli.progress import shown
from splitbrain.cli.spec_options import spec_of, spec_options
from splitbrain.harness.announce import on_stderr
from splitbrain.harness.signals import interrupts
from splitbrain.results import text
from splitbrain.runner.launch import carry_out, provide
from splitbrain.runner.plan import plan


@click.command()
@spec_options
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def run(folder: Path, as_json: bool, **asked: Any) -> int:
    """Test TARGET once: `raft`, `raft:reads=local`, or module:Class of your own."""
    made = plan(spec_of(asked))
    provide(made, on_stderr)
    title = f"{made.spec.target} · {made.spec.workload} · seed {made.seed}"
    kept: list[Path] = []
    try:
        with interrupts.kept(), shown(title, made.spec.time_limit) as progress:
            finished = carry_out(made, folder, progress, kept.append)
    except KeyboardInterrupt:
        where = f"; what happened until then is in {kept[0]}" if kept else ""
        raise KeyboardInterrupt(f"interrupted; everything was healed and closed, nothing was judged{where}") from None
    result, path = finished.result, finished.folder.path
    if as_json:
        out(json.dumps(result.headline() | {"run": str(path)}))
    else:
        out("\n".join(text.lines(result)), result.status.value)
    err(f"kept in {path}; look at {finished.folder.report_path}")
    return OF_VERDICT[result.counts_as.value]
