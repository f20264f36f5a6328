"""Live progress: one line on standard error with phase, time, faults under way, operations; nothing where it is no
terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from splitbrain.cli.output import is_terminal
from splitbrain.harness.generator import SECOND
from splitbrain.harness.progress import Progress

MAIN = "main"


@contextmanager
def shown(title: str, time_limit: float) -> Iterator[Progress]:
    """A progress to hand to the controller, drawn until the block is left. time_limit: seconds of the main phase."""
    progress = Progress()
    if not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield progress
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def line() -> Text:
        return Text(told(title, progress, time_limit), no_wrap=True, overflow="ellipsis")

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=5, get_renderable=line):
        yield progress


def told(title: str, progress: Progress, time_limit: float) -> str:
    """The line. The time of the main phase counts up to its limit; other phases have none."""
    parts = [title, "checking" if progress.phase == "over" else progress.phase]
    if progress.phase == MAIN:
        seconds = min(max(progress.now - progress.phase_began, 0) / SECOND, time_limit)
        parts[1] += f" {seconds:.0f}/{time_limit:g} s"
        parts.append(", ".join(progress.faults()) or "no fault")
    parts.append(f"{progress.ok:,} ok, {progress.fail:,} fail, {progress.info:,} info")
    return " · ".join(parts)
