"""Reader of history files: plain or compressed, ours or somebody else's, in any format.

The format is known by the first characters, whatever the name says; the name decides only where they say nothing.
"""

import gc
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import BinaryIO

from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import HistoryError, UsageError
from splitbrain.harness.histories.csv_table import CsvTable, looks_like_table
from splitbrain.harness.histories.edn import Edn, looks_like_tuples
from splitbrain.harness.histories.elle_json import EXPECTED, parse_array
from splitbrain.harness.histories.history_text import HistoryText, looks_like_history_text
from splitbrain.harness.histories.jsonl import JsonLines, is_own
from splitbrain.harness.histories.loose import BadEvent, Loose
from splitbrain.harness.histories.parsing import Parser, parse
from splitbrain.harness.histories.porcupine_log import PorcupineLog, looks_like_log
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake
from splitbrain.harness.history import History

FORMATS = ("auto", "jsonl", "edn", "json", "text", "porcupine", "csv")
"""Formats by name: `json` is one array of objects (elle-cli), `text` Jepsen's `history.txt`, `porcupine` the logs of
Jepsen, as in the test data of Porcupine."""

_EDN_BEGIN = re.compile(rb"\s*(?:[\[({;#^]|\Z)")
_WRAPPED = re.compile(rb'\s*\{\s*"([A-Za-z_][A-Za-z0-9_]{0,40})"\s*:\s*\[\s*\{\s*"')
_OF_EVENTS = frozenset(name.encode() for name in Loose.__struct_fields__)
"""Fields that may begin an event though they are lists of objects."""
_SUFFIXES = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".edn": "edn", ".json": "json", ".log": "porcupine", ".csv": "csv",
    ".tsv": "csv", ".txt": "text",
}  # fmt: skip


def read(
    file: Path | str | BinaryIO, format: str = "auto", *, keyed: bool = False, lenient: bool = False,
    name: str | None = None, spending: BudgetMeter | None = None,
) -> History:  # fmt: skip
    """The history that a file, standard input ("-") or a binary stream holds; empty if it holds no events.

    format: one of FORMATS. keyed: each value is a `[key value]` pair. lenient: pair as `lenient` says what the strict
    rules refuse. name: how messages call the file, if not by its
    path. spending: the budget that reading draws on; ReadingStopped when it is spent. What was noticed and let pass
    stands in `warnings` of the history. HistoryError, as `FILE:LINE: …`, for anything that cannot be read; UsageError
    for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"format is one of {', '.join(FORMATS)}, not {format!r}")
    source = Source(file, name, spending)
    collecting = gc.isenabled()
    gc.disable()  # nothing that is read refers to what refers to it, and looking for that takes a third of the time
    try:
        head = source.head()
        if format == "auto":
            format = _recognised(source.name, head)
        own = format == "jsonl" and not keyed and is_own(head)
        intake = Intake(own=own, keyed=keyed, lenient=lenient)
        if format == "json":
            parse_array(source, intake)
        else:
            parse(source, _parser(format, head, own=own), intake)
        try:
            intake.finish()
        except BadEvent as refused:
            raise HistoryError(source.name, None, f"event {refused.ordinal}: {refused.text}") from None
    except HistoryError:
        wrapped = _WRAPPED.match(head)
        if wrapped is None or wrapped[1] in _OF_EVENTS:
            raise
        raise HistoryError(source.name, 1, _unwrap(wrapped[1].decode(errors="replace"))) from None
    except MemoryError:
        raise HistoryError(source.name, None, "this history does not fit into the memory that there is") from None
    finally:
        source.close()
        if collecting:
            gc.enable()
    return intake.history


def _unwrap(field: str) -> str:
    """The sentence on a file that is one object, which has its events in a field."""
    return (
        f"one JSON object, with its events in the field {field!r}; expected the events alone: {EXPECTED}. "
        f"`jq '.{field}' FILE | splitbrain check - …` takes them out"
    )


def _parser(name: str, head: bytes, *, own: bool) -> Parser:
    """The parser of a format. A `history.txt` is one whatever format was named: it can be nothing else."""
    if name == "csv":
        return CsvTable()
    if name == "text" or looks_like_history_text(head):
        return HistoryText()
    if name == "jsonl":
        return JsonLines(own=own)
    if name == "porcupine" and (looks_like_log(head) or not _EDN_BEGIN.match(head)):
        return PorcupineLog()
    return Edn(tuples=looks_like_tuples(head))


def _recognised(name: str, head: bytes) -> str:
    """The format of a file that begins so."""
    found = next((form for form, begins in _BEGINNINGS if begins(head)), None)
    found = found or _SUFFIXES.get(PurePath(name.removesuffix(".gz")).suffix)
    if found is None:
        raise HistoryError(
            name, 1, "this is no history: neither JSON lines, nor EDN, nor a JSON array, nor Jepsen's history.txt or "
            "log, nor CSV whose first line names the columns process, type and f",
        )  # fmt: skip
    return found


def _matches(pattern: bytes) -> Callable[[bytes], bool]:
    return lambda head: re.match(pattern, head) is not None


_BEGINNINGS: Sequence[tuple[str, Callable[[bytes], bool]]] = (
    ("text", looks_like_history_text),
    ("porcupine", looks_like_log),
    ("edn", looks_like_tuples),
    ("edn", _matches(rb"\s*\[\s*(?:\{\s*[:#}]|[#^])")),
    ("json", _matches(rb"\s*\[\s*[{\]]\s*\"?")),
    ("jsonl", _matches(rb"\s*\{\s*\"")),
    ("edn", _matches(rb"\s*([(;#^\[]|\{\s*[:#])")),
    ("jsonl", lambda head: not head.strip()),
    ("csv", looks_like_table),
)
"""Beginnings of files of each format, the surest first."""
