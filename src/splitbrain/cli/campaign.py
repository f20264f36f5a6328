"""`splitbrain campaign`: a grid of runs from a file, with live progress and a summary."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from splitbrain.campaigns.calls import LOCAL, CampaignInterrupted, campaign
from splitbrain.campaigns.execute import CampaignProgress
from splitbrain.campaigns.outcome import CampaignResult
from splitbrain.campaigns.record import CAMPAIGNS, CampaignFolder
from splitbrain.campaigns.summary import STATES, SURPRISES_FIRST, sentence, states_told
from splitbrain.campaigns.tasks import KEEPS, RunLine
from splitbrain.cli import github
from splitbrain.cli.durations import DURATION
from splitbrain.cli.exits import INTERRUPTED, OF_VERDICT
from splitbrain.cli.output import is_terminal, out
from splitbrain.cli.sizes import SIZE
from splitbrain.harness.announce import on_stderr
from splitbrain.regressions import FOLDER as REGRESSIONS
from splitbrain.results import format

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("campaign")
@click.argument("file", type=click.Path(path_type=Path), required=False, metavar="FILE.toml")
@click.option("--jobs", "-j", type=click.IntRange(1), help="How many runs at once; by default the cores there are.")
@click.option("--on", default=LOCAL, show_default=True, metavar="WHERE", help="local, ray, or ray://HOST:PORT.")
@click.option("--deadline", type=DURATION, help="End in time, and say what was not run.")
@click.option("--out", type=FOLDER, default=CAMPAIGNS, show_default=True, help="Where the campaign's folder goes.")
@click.option("--resume", type=FOLDER, metavar="DIR", help="Go on with a campaign that was cut short.")
@click.option("--keep", type=click.Choice(KEEPS), default=KEEPS[0], show_default=True, help="Run folders that stay.")
@click.option("--keep-bytes", type=SIZE, default="10GiB", show_default=True, help="Room that they may take.")
@click.option("--memory", type=SIZE, default="2GiB", show_default=True, help="What one run may take, checks included.")
@click.option("--task-limit", type=DURATION, help="What one run may take; by default time limit + budget + 2m.")
@click.option("--baseline", type=FILE, metavar="FILE", help="Fail only on what is new since this baseline.")
@click.option("--write-baseline", type=FILE, metavar="FILE", help="Write the baseline of this campaign.")
@click.option("--regressions", type=FOLDER, default=REGRESSIONS, show_default=True, help="Failing seeds, tried first.")
@click.option("--strict", is_flag=True, help="Let unknown be a failure in junit.xml.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a run, and one at the end.")
def command(file: Path | None, as_json: bool, **asked: Any) -> int:
    """Run the tests of FILE.toml: targets × workloads × faults × seeds, and say which are not as expected."""
    title = (
        CampaignFolder.open(asked["resume"]).path.name if file is None and asked["resume"] else (file or Path()).stem
    )
    code: int | None = None
    with _shown(title) as progress:
        try:
            result = campaign(
                file,
                progress=progress,
                told=_print_line if as_json else _silently,
                begun=lambda folder, tests: on_stderr(
                    f"{format.counted(len(tests), 'test')}, {format.counted(progress.total, 'run')}, kept in {folder}"
                ),
                say=on_stderr,
                **asked,
            )
        except CampaignInterrupted as interrupted:
            result, code = interrupted.result, INTERRUPTED
    if as_json:
        out(json.dumps(result.headline()))
    else:
        out("\n".join(lines(result)), result.status.value)
    if result.not_run:
        on_stderr(
            f"{format.counted(result.not_run, 'run')} not carried out; go on with: "
            f"splitbrain campaign --resume {result.folder}"
        )
    if asked["write_baseline"]:
        written = "written" if not result.not_run else "not written, as not all was run"
        on_stderr(f"baseline {written}: {asked['write_baseline']}")
    on_stderr(f"look at {Path(result.folder) / 'report.html'}")
    github.report(result, os.environ)
    return OF_VERDICT[result.status.value] if code is None else code


def lines(result: CampaignResult) -> list[str]:
    """The campaign as lines for the terminal: the answer, what is not as expected, a table of all tests."""
    told = [format.plain(f"{result.status.value}: {result.name}: {sentence(result)}"), ""]
    for status in SURPRISES_FIRST:
        for outcome in result.tests:
            if outcome.status is not status:
                continue
            told.append(format.plain(f"{status.value}: {outcome.test.name}: {outcome.reason}"))
            line = outcome.decisive
            if line is not None:
                told += [f"  {format.plain(words)}" for words in line.witness if words not in line.reason]
                told += [format.plain(f"  repeat with: {line.command}")] if line.command else []
            told.append("")
    if result.remarks:
        told += ["compared with the baseline:", *(f"  {format.plain(remark)}" for remark in result.remarks), ""]
    rows = [("test", "", "valid", "invalid", "unknown", "infra")]
    for outcome in result.tests:
        counts = outcome.counts
        by_word: Mapping[str, int] = {status.value: count for status, count in counts.items()}
        numbers = (str(by_word[name]) for name in ("valid", "invalid", "unknown", "infrastructure"))
        rows.append((format.plain(outcome.test.name), outcome.word, *numbers))  # type: ignore[arg-type]
    reached = states_told(result)
    return [
        *told,
        *format.table(rows),
        *(["", f"{STATES}:"] if reached else []),
        *(f"  {format.plain(one)}" for one in reached),
    ]


def _print_line(line: RunLine) -> None:
    out(line.to_json().decode().rstrip("\n"))


def _silently(line: RunLine) -> None:
    pass


@contextmanager
def _shown(title: str) -> Iterator[CampaignProgress]:
    """A progress, drawn on standard error until the block is left if that is a terminal."""
    progress = CampaignProgress()
    if not is_terminal(sys.stderr):
        yield progress
        return
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def line() -> Table:
        grid = Table.grid(padding=(0, 1))
        left = progress.seconds_left
        rest = "" if left is None else f"{left // 60:.0f}:{left % 60:02.0f} left"
        counts = f"{progress.done:,}/{progress.total:,} · {progress.failed:,} not as expected"
        counts += f" · {progress.states:,} states" if progress.states else ""
        bar = ProgressBar(max(1, progress.total), progress.done, width=24)
        grid.add_row(Text(title, style="bold"), bar, counts, f"{progress.rate:.0f} a minute", rest)
        return grid

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4, get_renderable=line):
        yield progress
