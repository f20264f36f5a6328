"""`splitbrain runs`: the runs that are kept, filtered and sorted."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from splitbrain.cli.durations import DURATION
from splitbrain.cli.exits import VALID
from splitbrain.cli.output import err, out
from splitbrain.harness.errors import UsageError
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.results import format
from splitbrain.results.folder import RUNS
from splitbrain.results.index import INTERRUPTED, SORTS, RunFilter, find_runs
from splitbrain.results.result import RunStatus

VERDICTS = (*(status.value for status in RunStatus), INTERRUPTED)
REASON_LENGTH = 80


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=RUNS, metavar="[DIR]")
@click.option("--target", metavar="NAME", help="With its options, or without: then any.")
@click.option("--workload", metavar="NAME")
@click.option("--fault", metavar="NAME", help="Runs that asked for it, among others.")
@click.option("--verdict", type=click.Choice(VERDICTS))
@click.option("--newer", type=DURATION, help="Begun no longer ago than this, as in 24h.")
@click.option("--older", type=DURATION, help="Begun longer ago than this.")
@click.option("--sort", type=click.Choice(SORTS), default=SORTS[0], show_default=True)
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a run.")
def runs(
    folder: Path,
    target: str | None,
    workload: str | None,
    fault: str | None,
    verdict: str | None,
    newer: float | None,
    older: float | None,
    sort: str,
    limit: int | None,
    as_json: bool,
) -> int:
    """List the runs in DIR, runs by default; campaigns keep theirs in their own folders."""
    now = time.time()
    wanted = RunFilter(
        target,
        workload,
        fault,
        verdict,
        None if newer is None else now - newer,
        None if older is None else now - older,
    )
    found = find_runs(folder, wanted, sort, limit)
    if not found:
        _check_names(folder, target, workload, fault)
    if as_json:
        for run in found:
            out(json.dumps(run.line(folder)))
        return VALID
    for run in found:
        faults = ",".join(name for name in run.faults.split(",") if name) or "no faults"
        words = f"{run.verdict}: {run.target} · {run.workload} · {faults}: {format.cut(run.reason, REASON_LENGTH)}"
        out(format.plain(words))
        out(format.plain(f"  {folder / run.path}"))
    err(f"{len(found):,} run{'' if len(found) == 1 else 's'} in {folder}")
    return VALID


def _check_names(folder: Path, target: str | None, workload: str | None, fault: str | None) -> None:
    """UsageError for a name that nothing has, neither here nor in a run that is kept; a target of a user's own may have
    any name of a class."""
    if target is fault is workload is None:
        return
    from splitbrain import registry

    kept = find_runs(folder, RunFilter())
    named = None if target is None or target.partition(":")[2] else target
    asked: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("target", named, [*registry.TARGETS, *(run.target.partition(":")[0] for run in kept)]),
        ("workload", workload, [*registry.WORKLOADS, *(run.workload for run in kept)]),
        ("fault", fault, [*registry.faults(), *(name for run in kept for name in run.faults.split(","))]),
    )
    for kind, name, known in asked:
        if name is not None and name not in known:
            hint = did_you_mean(name, known) or ", and no run of one is kept"
            raise UsageError(f"there is no {kind} {name!r}{hint}")
