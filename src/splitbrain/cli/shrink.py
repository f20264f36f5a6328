"""`splitbrain shrink`: reduce a simulated run that was refuted. 0 if it was, 2 if the anomaly did not come again."""

import json
from pathlib import Path

import click

from splitbrain.cli.durations import DURATION
from splitbrain.cli.exits import UNKNOWN, VALID
from splitbrain.cli.output import err, out


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs/latest"), metavar="[RUN]")
@click.option("--budget", type=DURATION, default="60s", show_default=True, help="Wall time of the search.")
@click.option("--check", metavar="NAME", help="The check that has to stay refuted; by default the first that is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def shrink(run: Path, budget: float, check: str | None, as_json: bool) -> int:
    """Reduce RUN (a run folder; by default runs/latest): faults, operations, clients, keys and time, as long as the
    same check is refuted in the same way. The smallest run is kept beside it."""
    from splitbrain.shrinking.regression import TEST
    from splitbrain.shrinking.regression import shrink as reduced

    found = reduced(run, budget, check, err)
    if found is None:
        line = {"shrunk": False, "reason": "the anomaly did not come again when the run was repeated"}
        out(json.dumps(line) if as_json else f"unknown: {line['reason']}")
        return UNKNOWN
    path = found.run.folder.path
    if as_json:
        fields = ("operations", "faults", "clients", "keys", "seconds")
        sizes = {
            when: {name: getattr(extent, name) for name in fields}
            for when, extent in (("before", found.before), ("after", found.after))
        }
        line = {"shrunk": True, "check": found.target.check, "kind": found.target.kind, **sizes}
        line |= {"attempts": found.attempts, "complete": found.complete, "reason": found.run.reason}
        out(json.dumps(line | {"run": str(path), "test": str(path / TEST)}))
        return VALID
    out(f"{found.target}: from {found.before}")
    out(f"{' ' * len(str(found.target))}    to {found.after}")
    out("")
    out(found.run.told())
    if not found.complete:
        err("the budget was used up: with a longer --budget it may get smaller yet")
    err(f"{found.attempts} runs tried; kept in {path}: schedule.toml, {TEST}, report.html")
    return VALID
