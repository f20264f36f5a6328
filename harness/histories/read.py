"""Reader of history files: plain or compressed, ours or somebody else's, in any format.

The format is known by the first characters, whatever the name says; the name decides only where they say nothing.
"""

import re
from pathlib import Path, PurePath
from typing import BinaryIO

from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import HistoryError, UsageError
from splitbrain.harness.histories.edn import Edn
from splitbrain.harness.histories.elle_json import parse_array
from splitbrain.harness.histories.jsonl import JsonLines, is_own
from splitbrain.harness.histories.parsing import Parser, parse
from splitbrain.harness.histories.porcupine_log import PorcupineLog, looks_like_log
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake
from splitbrain.harness.history import History

FORMATS = ("auto", "jsonl", "edn", "json", "porcupine")
"""`json` is one array of objects (elle-cli), `porcupine` the text logs of its test data."""

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".edn": "edn", ".json": "json", ".log": "porcupine"}


def read(
    file: Path | str | BinaryIO, format: str = "auto", *, keyed: bool = False, name: str | None = None,
    spending: BudgetMeter | None = None,
) -> History:  # fmt: skip
    """The history that a file, standard input ("-") or a binary stream holds; empty if it holds no events.

    format: one of FORMATS. keyed: each value is a `[key value]` pair. name: how messages call the file, if not by its
    path. spending: the budget that reading draws on; ReadingStopped when it is spent. What was noticed and let pass
    stands in `warnings` of the history. HistoryError, as `FILE:LINE: …`, for anything that cannot be read; UsageError
    for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"format is one of {', '.join(FORMATS)}, not {format!r}")
    source = Source(file, name, spending)
    try:
        head = source.head()
        if format == "auto":
            format = _recognised(source.name, head)
        own = format == "jsonl" and not keyed and is_own(head)
        intake = Intake(own=own, keyed=keyed)
        if format == "json":
            parse_array(source, intake)
        else:
            parse(source, _parser(format, head, own=own), intake)
    except MemoryError:
        raise HistoryError(source.name, None, "this history does not fit into the memory that there is") from None
    finally:
        source.close()
    return intake.history


def _parser(name: str, head: bytes, *, own: bool) -> Parser:
    if name == "jsonl":
        return JsonLines(own=own)
    return PorcupineLog() if name == "porcupine" and looks_like_log(head) else Edn()


def _recognised(name: str, head: bytes) -> str:
    """The format of a file that begins so."""
    if looks_like_log(head):
        return "porcupine"
    if re.match(rb"\s*\[\s*[{\]]\s*\"?", head) is not None:
        return "edn" if re.match(rb"\s*\[\s*\{\s*[:#}]", head) else "json"
    if re.match(rb"\s*\{\s*\"", head) is not None:
        return "jsonl"
    if re.match(rb"\s*([(;#\[]|\{\s*[:#])", head) is not None:
        return "edn"
    if not head.strip():
        return "jsonl"
    suffix = PurePath(name.removesuffix(".gz")).suffix
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    raise HistoryError(
        name, 1, "this is no history: neither JSON lines, nor EDN, nor a JSON array, nor a log of Jepsen or Porcupine"
    )
