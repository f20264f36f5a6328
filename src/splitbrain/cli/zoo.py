"""`splitbrain zoo`: a hunt for planted bugs, with the correct stores beside them."""

import json
import os
from pathlib import Path

import click

from splitbrain.cli.exits import INVALID, UNKNOWN, VALID
from splitbrain.cli.output import out
from splitbrain.zoo import SECONDS_A_RUN, BugResult, hunt_all, hunt_plans


@click.command()
@click.argument("targets", nargs=-1, metavar="[STORE|TARGET]...")
@click.option("--starts", type=click.IntRange(1, 1000), default=1, show_default=True, help="Sequences of seeds a bug.")
@click.option(
    "--cpu-limit", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="CPU seconds a bug."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=SECONDS_A_RUN,
    show_default=True,
    help="Virtual seconds a run.",
)
@click.option("--aimed", is_flag=True, help="Each bug with the faults and the workload that find it best.")
@click.option("--jobs", type=click.IntRange(1, 1000), help="Hunts at once; by default one a core.")
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/zoo"), show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON a bug, and one for all.")
def zoo(
    targets: tuple[str, ...],
    starts: int,
    cpu_limit: float,
    time_limit: float,
    aimed: bool,
    jobs: int | None,
    folder: Path,
    as_json: bool,
) -> int:
    """Hunt the planted bugs of stores, as `raft`, or of one target, as `raft:bug=vote-twice`.

    A check counts only if it does not refute the correct store with the same options and seeds, too.

    Exit codes: 0 all found, 1 a correct store was refuted in what it claims, 2 a bug was missed.
    """
    plans = hunt_plans(targets, aimed=aimed, time_limit=time_limit)
    results: list[BugResult] = []
    jobs = jobs or len(os.sched_getaffinity(0))
    for result in hunt_all(plans, folder, starts=starts, cpu_limit=cpu_limit, jobs=jobs):
        results.append(result)
        if not as_json:
            out(_line(result))
        elif result.plan.bug is not None or result.alarms:
            out(json.dumps(result.to_json()))
    total = summary(results)
    out(json.dumps(total) if as_json else _told(total))
    return exit_code(total)


def summary(results: list[BugResult]) -> dict[str, int]:
    """The last line: how many bugs, how many found, and what became of the correct stores."""
    bugs = [result for result in results if result.plan.bug is not None]
    correct = [result for result in results if result.plan.bug is None]
    return {
        "bugs": len(bugs),
        "found": sum(result.found for result in bugs),
        "correct_runs": sum(hunt.seeds for result in correct for hunt in result.hunts),
        "false_alarms": sum(result.alarms for result in correct),
    }


def exit_code(total: dict[str, int]) -> int:
    """The exit code of a summary."""
    if total["false_alarms"]:
        return INVALID
    return VALID if total["found"] == total["bugs"] else UNKNOWN


def _line(result: BugResult) -> str:
    seeds, unknown = result.to_json()["seeds"], sum(hunt.unknown for hunt in result.hunts)
    spent = f"{result.cpu_seconds:6.1f} CPU s, {seeds} runs"
    if unknown:
        spent += f", {unknown} unknown ({next(h.why_unknown for h in result.hunts if h.unknown)})"
    first, bug = result.first, result.plan.bug
    if bug is not None:
        what = "found" if result.found else "missed"
    else:
        what = "FALSE ALARM" if result.alarms else "refuted" if first else "correct"
    by = f" by {first.by}, seed {first.seed}: {first.run}" if first else ""
    return f"{what:8} {result.plan.target}: {spent}{by}{_why(result)}"


def _why(result: BugResult) -> str:
    """Reason for which a bug was missed, or the refutation of a correct store is no alarm."""
    bug = result.plan.bug
    if bug is None:
        return "; it claims nothing with these options" if result.first and not result.alarms else ""
    if result.found:
        return ""
    common = f"; {' and '.join(result.common)} refuted the correct store, too" if result.common else ""
    return f"{common}; {bug.rare}" if bug.rare else common


def _told(total: dict[str, int]) -> str:
    return (
        f"{total['found']} of {total['bugs']} bugs found; "
        f"{total['false_alarms']} false alarms in {total['correct_runs']} runs of correct stores"
    )
