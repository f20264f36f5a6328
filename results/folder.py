"""The folder of a run, with everything about it: `runs/<target>/<workload>/<timestamp>-<seed>/`.

    test.toml        the record of the run: everything needed to repeat it
    history.jsonl    what happened, while it runs; history.jsonl.gz once it is done
    verdict.json     what it means
    report.html      the same, to look at
    logs/            what the nodes wrote

`runs/latest` names the newest. Pitfall: two runs may begin in the same second with the same seed, and one may be
killed at any moment. A folder is claimed by creating it, and files other than the history appear whole or not at all.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.history import History
from splitbrain.results.result import Result, RunStatus
from splitbrain.runner.record import RunRecord

RUNS = Path("runs")
LATEST = "latest"
_NAME_LENGTH = 100


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @staticmethod
    def create(record: RunRecord, root: Path = RUNS, now: datetime | None = None) -> "RunFolder":
        """Claim a new folder under `root`, write its record, and let `root/latest` name it.

        UsageError if `root` cannot be written to; InfrastructureError if the disk is full.
        """
        stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        parent = root / safe_name(record.spec.target) / safe_name(record.workload)
        with writing(parent):
            parent.mkdir(parents=True, exist_ok=True)
            folder = RunFolder(claim_folder(parent, f"{stamp}-{record.seed}"))
            if record.options.get("user"):
                # Logs of a server that asks for a password, and what clients say of it, are for its owner alone.
                folder.path.chmod(0o700)
            folder.logs.mkdir()
        folder.write("test.toml", record.to_toml())
        try:
            with writing(root / LATEST):
                point_latest(root / LATEST, folder.path)
        except UsageError:
            discard(folder.path, root)
            raise
        return folder

    @staticmethod
    def open(path: Path) -> "RunFolder":
        """An existing run folder, given itself, `latest`, or a file in it. UsageError if it is none."""
        folder = path
        if path.is_file():
            named = path.parent / path.read_text().strip() if path.name == LATEST else path.parent
            folder = named
        if not folder.exists():
            raise UsageError(f"{path}: no such run folder; 'splitbrain runs' lists those that there are")
        if not (folder / "test.toml").is_file():
            raise UsageError(
                f"{path}: not a run folder: it has no test.toml; 'splitbrain runs' lists those that there are"
            )
        return RunFolder(folder.resolve() if folder.is_symlink() else folder)

    @property
    def history_path(self) -> Path:
        """The file to which the history is written while the run goes on."""
        return self.path / "history.jsonl"

    @property
    def logs(self) -> Path:
        """The folder for what the nodes write."""
        return self.path / "logs"

    @property
    def report_path(self) -> Path:
        """The page to look at."""
        return self.path / "report.html"

    def finish(self, history: History, result: Result) -> None:
        """Write verdict and report. InfrastructureError if the disk is full."""
        self.write("verdict.json", result.to_text())
        self.write_report(history, result)

    def write_report(self, history: History, result: Result) -> None:
        """Write the report, anew if there is one."""
        from splitbrain.results.report import render

        self.write(self.report_path.name, render(history, result))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the folder; it appears whole or not at all."""
        return write_whole(self.path / name, text)

    def record(self) -> RunRecord:
        """The record of the run. UsageError if the file cannot be understood."""
        path = self.path / "test.toml"
        return RunRecord.from_toml(_read(path), str(path))

    def verdict(self) -> dict[str, Any]:
        """The content of `verdict.json`. UsageError if the run was never judged, or it is no such content."""
        path = self.path / "verdict.json"
        if not path.is_file():
            raise UsageError(f"{path}: no verdict: the run was cut short; 'splitbrain check' can judge its history")
        try:
            plain = json.loads(_read(path))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: not JSON: {error}") from None
        if not isinstance(plain, dict) or plain.get("verdict") not in list(RunStatus):
            raise UsageError(f'{path}: not the verdict of a run: expected "verdict", one of {", ".join(RunStatus)}')
        return plain

    def recorded(self) -> Path:
        """The file that holds the history, compressed or not. UsageError if there is none."""
        for path in (self.path / "history.jsonl.gz", self.history_path):
            if path.is_file():
                return path
        raise UsageError(f"{self.path}: it has no history.jsonl.gz and no history.jsonl")

    def result(self, history: History) -> Result:
        """The result of this run, given its history as read from `recorded()`."""
        return Result.again(history, self.verdict(), self.record(), str(self.path / "verdict.json"))


def held(path: Path, root: Path) -> bool:
    """Whether a path is a file below a folder, `root`, whose own path has no links. Links that lead elsewhere, and what
    would never end when it is read, such as a pipe, are none."""
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root))


def safe_name(name: str) -> str:
    """A name that every file system takes as one folder: `raft:reads=local` becomes `raft-reads=local`.

    Different names may become one; the record in the folder tells them apart. Very long ones end in a digest.
    """
    safe = re.sub(r"[^A-Za-z0-9._=,+-]+", "-", name).strip(".- ") or "unnamed"
    if len(safe) > _NAME_LENGTH:
        safe = f"{safe[: _NAME_LENGTH - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{safe}-" if safe.lower() == LATEST else safe


def write_whole(path: Path, text: str, option: str = "--out") -> Path:
    """Write a file, which appears whole or not at all; errors as those of `writing`. Nothing that others have put at
    the place of the partial file is written to: no link is followed."""
    partial = _beside(path)
    with writing(path, option):
        try:
            partial.unlink(missing_ok=True)
            with partial.open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return path


def claim_folder(parent: Path, name: str) -> Path:
    attempt = 1
    while True:
        path = parent / (name if attempt == 1 else f"{name}.{attempt}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            attempt += 1


def point_latest(link: Path, folder: Path) -> None:
    """Let a link name a folder, relative to the link, in one step; a text file where links are impossible."""
    aim = os.path.relpath(folder, link.parent)
    fresh = _beside(link)
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(aim, target_is_directory=True)
    except OSError:
        fresh.write_text(f"{aim}\n")
    try:
        fresh.replace(link)
    except IsADirectoryError:
        fresh.unlink()
        raise UsageError(f"{link}: a folder is in the place of the link to the latest run; move it away") from None


def latest_run(root: Path) -> Path | None:
    """The folder that `root/latest` names, if it is there."""
    link = root / LATEST
    if not link.is_symlink() and not link.is_file():
        return None
    named = root / (link.readlink() if link.is_symlink() else link.read_text().strip())
    return named if named.is_dir() else None


def discard(folder: Path, root: Path, before: Path | None = None) -> None:
    """Remove a run's folder below `root`, and what named it. before: what `root/latest` is to name then."""
    shutil.rmtree(folder, ignore_errors=True)
    link = root / LATEST
    with suppress(OSError):
        if (link.is_symlink() or link.is_file()) and latest_run(root) is None:
            if before is not None and before.is_dir():
                point_latest(link, before)
            else:
                link.unlink()
        folder.parent.rmdir()
        folder.parent.parent.rmdir()


def _beside(path: Path) -> Path:
    """A name beside a path, for what is to take its place; no other thread or process uses it."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None


@contextmanager
def writing(path: Path, option: str = "--out") -> Iterator[None]:
    """Writing to a path. InfrastructureError if the disk is full, UsageError, which names the option that takes another
    place, if it cannot be written to."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InfrastructureError(
                f"{path}: the disk is full: free some space, or name another place with {option}"
            ) from error
        if error.errno in (
            errno.ENOENT,
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.EISDIR,
            errno.ELOOP,
            errno.EEXIST,
            errno.ENAMETOOLONG,
        ):
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}; name another place with {option}"
            ) from error
        raise InfrastructureError(f"{path}: cannot be written: {error.strerror or error}") from error
