"""What does a person see while a test runs? One live line on standard error: phase, time, operations.

The trap: machines read too. Where standard error is no terminal nothing is drawn at all.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from splitbrain.harness.generator import SECOND
from splitbrain.harness.progress import Progress


@contextmanager
def shown(title: str, time_limit: float) -> Iterator[Progress]:
    """A progress to hand to the controller, drawn until the block is left. time_limit: seconds of the main phase."""
    progress = Progress()
    if not sys.stderr.isatty():
        yield progress
        return
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def line() -> Table:
        seconds = progress.now / SECOND
        grid = Table.grid(padding=(0, 1))
        counts = f"{progress.ok:,} ok · {progress.fail:,} fail · {progress.info:,} info"
        bar = ProgressBar(time_limit, min(seconds, time_limit), width=24)
        grid.add_row(Text(title, style="bold"), bar, f"{seconds:.0f}/{time_limit:g} s", progress.phase, counts)
        return grid

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=5, get_renderable=line):
        yield progress
