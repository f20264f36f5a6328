"""Histories that the words of `check` mean: files, standard input, and what lies in folders.

A folder is a run of ours (its history and nothing else), a run of Jepsen (`history.edn` or the same as text, not its
results, not the parts under `independent/`; its log only where there is nothing else and the log tells operations), or
any folder: the files in it that end like a history, and its folders. Links to folders are not followed: `latest` is no
second run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.errors import HistoryError, UsageError
from splitbrain.harness.histories.porcupine_log import holds_operation
from splitbrain.harness.histories.source import Source
from splitbrain.results.folder import RunFolder

HISTORY_ENDINGS = (".jsonl", ".ndjson", ".edn", ".json", ".log", ".txt", ".csv")
"""Endings of histories; each may be followed by `.gz`."""

_LOG = "jepsen.log"
_WHOLE = ("history.jsonl", "history.edn", "history.json", "history.csv", "history.txt", _LOG)
"""A folder with one of these is one run, and the first of them its history."""

_NO_HISTORIES = frozenset({"results.edn", "results.json", "verdict.json", "campaign.json", "runs.jsonl"})


@dataclass(frozen=True)
class HistorySource:
    """One history to judge. path: None for standard input. name: as the user gave it."""

    name: str
    path: Path | None


def expand(words: Sequence[str]) -> Iterator[HistorySource]:
    """Files as they are; a run folder as its history; any other folder as the histories in it, in order of name."""
    for word in words:
        path = Path(word)
        if word == "-":
            yield HistorySource("-", None)
        elif not path.is_dir():
            yield HistorySource(word, path)
        elif (path / "test.toml").exists():
            yield HistorySource(word, RunFolder.open(path).recorded())
        else:
            inside = list(_inside(path))
            if not inside:
                endings = ", ".join(HISTORY_ENDINGS)
                raise UsageError(f"{word}: no history in this folder; one ends in {endings}, with or without .gz")
            yield from (HistorySource(str(found), found) for found in inside)


def _inside(folder: Path) -> Iterator[Path]:
    """The histories in a folder and the folders below."""
    entries = sorted(folder.iterdir())
    files = [entry for entry in entries if entry.is_file()]
    if any(file.name == "test.toml" for file in files):
        try:
            yield RunFolder.open(folder).recorded()
        except UsageError:
            return  # a run that ended before its first operation
    elif whole := _whole(files):
        if not whole.name.startswith(_LOG) or _tells_operations(whole):
            yield whole
    else:
        yield from (file for file in files if _may_be_history(file.name))
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                yield from _inside(entry)


def _whole(files: Sequence[Path]) -> Path | None:
    by_name = {file.name.removesuffix(".gz"): file for file in files}
    return next((by_name[name] for name in _WHOLE if name in by_name), None)


def _tells_operations(log: Path) -> bool:
    """Whether a log holds an operation; a test that ended before its first has none. True for what cannot be read,
    which is then told."""
    try:
        source = Source(log)
        try:
            return any(holds_operation(block) for block in source.blocks())
        finally:
            source.close()
    except HistoryError:
        return True


def _may_be_history(name: str) -> bool:
    plain = name.removesuffix(".gz")
    return plain.endswith(HISTORY_ENDINGS) and plain not in _NO_HISTORIES
