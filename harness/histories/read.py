"""What is in this file? The front door for histories: plain or compressed, ours or somebody else's, in any format.

The format is known by the first characters, whatever the name says; the name decides only where they say nothing.
"""

from pathlib import Path
from typing import BinaryIO

from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories.jsonl import JsonLines, is_own
from splitbrain.harness.histories.parsing import parse
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake
from splitbrain.harness.history import History

FORMATS = ("auto", "jsonl", "edn", "json", "porcupine")
"""`json` is one array of objects (elle-cli), `porcupine` the text logs of its test data."""


def read(file: Path | str | BinaryIO, format: str = "auto", *, keyed: bool = False, name: str | None = None) -> History:
    """The history that a file, standard input ("-") or a binary stream holds; empty if it holds no events.

    format: one of FORMATS. keyed: each value is a `[key value]` pair. name: how messages call the file, if not by its
    path. What was noticed and let pass stands in `warnings` of the history. HistoryError, as `FILE:LINE: …`, for
    anything that cannot be read; UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"format is one of {', '.join(FORMATS)}, not {format!r}")
    source = Source(file, name)
    try:
        own = is_own(source.head())
        intake = Intake(own=own and not keyed, keyed=keyed)
        parse(source, JsonLines(own=own), intake)
    finally:
        source.close()
    return intake.history
