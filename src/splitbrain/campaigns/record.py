"""CampaignFolder: what is kept of a campaign.

    campaign.toml    the file that it was made from, as it was
    campaign.json    version of the format, and the digest of that file
    runs.jsonl       one line a run, written when the run is over and never changed
    runs/            the folders of the runs that are kept
    summary.md       what came of it, for people, and junit.xml for machines; report.html to look at

Pitfall: the process that writes `runs.jsonl` may be killed at any moment. A line is given to the disk in one piece
before the next run counts; a line cut short is dropped by readers, and removed before more is added.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import LATEST, claim_folder, point_latest, safe_name, write_whole, writing
from splitbrain.version import __version__

CAMPAIGNS = Path("campaigns")
FORMAT = 1
RUN_PARTS = 4
"""The number of parts of a run folder's path below the campaign's: `runs/TARGET/WORKLOAD/STAMP`."""


@dataclass(frozen=True)
class CampaignFolder:
    """The folder of one campaign."""

    path: Path

    @staticmethod
    def create(name: str, text: str, out: Path = CAMPAIGNS, now: datetime | None = None) -> "CampaignFolder":
        """Claim a new folder `out/NAME-STAMP`, and let `out/latest` name it. UsageError if `out` cannot be written
        to."""
        stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            folder = CampaignFolder(claim_folder(out, f"{safe_name(name)}-{stamp}"))
            point_latest(out / LATEST, folder.path)
        about = {"format": FORMAT, "splitbrain": __version__, "name": name, "digest": digest(text)}
        folder.write("campaign.toml", text)
        folder.write("campaign.json", json.dumps(about) + "\n")
        return folder

    @staticmethod
    def open(path: Path) -> "CampaignFolder":
        """An existing one. UsageError if there is none, or one of a newer format."""
        about = path / "campaign.json"
        if not about.is_file():
            raise UsageError(f"{path}: not the folder of a campaign: it has no campaign.json")
        folder = CampaignFolder(path.resolve() if path.is_symlink() else path)
        found = folder.about().get("format")
        if found != FORMAT:
            raise UsageError(f"{about}: expected format = {FORMAT}, found {found!r}: use the splitbrain that wrote it")
        return folder

    @property
    def lines_path(self) -> Path:
        """The file with a line a run."""
        return self.path / "runs.jsonl"

    @property
    def runs(self) -> Path:
        """The folder that holds the folders of its runs."""
        return self.path / "runs"

    def about(self) -> dict[str, Any]:
        """The content of `campaign.json`."""
        try:
            plain = json.loads((self.path / "campaign.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"{self.path / 'campaign.json'}: cannot be read: {error}") from None
        return plain if isinstance(plain, dict) else {}

    def text(self) -> str:
        """The file of the campaign; UsageError if it is not what it was when the campaign began."""
        path = self.path / "campaign.toml"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: cannot be read: {error}") from None
        self.refuse_other(text, str(path))
        return text

    def refuse_other(self, text: str, where: str) -> None:
        """UsageError if a text is not the file of this campaign."""
        if digest(text) != self.about().get("digest"):
            raise UsageError(
                f"{where}: not the file that the campaign in {self.path} began with: start a new campaign without "
                "--resume"
            )

    def lines(self) -> list[RunLine]:
        """The runs so far, in the order in which they ended; a cut last line is left out."""
        if not self.lines_path.is_file():
            return []
        found: list[RunLine] = []
        for number, text in enumerate(_whole(self.lines_path.read_bytes()).splitlines(), 1):
            try:
                found.append(RunLine.read(text))
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise UsageError(f"{self.lines_path}:{number}: not the line of a run: {error!r}") from None
        return found

    @contextmanager
    def appending(self) -> "Iterator[LineWriter]":
        """A writer of `runs.jsonl`, while no other process has one: UsageError if another has."""
        with writing(self.lines_path):
            file = os.open(self.lines_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(f"{self.path}: another process is at work on this campaign") from None
            content = self.lines_path.read_bytes()
            os.ftruncate(file, len(_whole(content)))
            yield LineWriter(file, self.lines_path)
        finally:
            os.close(file)

    def folder_of(self, line: RunLine) -> Path | None:
        """The present folder of a run, also if the campaign's was moved; None if it has none any more."""
        if line.run is None:
            return None
        inside = self.path.joinpath(*Path(line.run).parts[-RUN_PARTS:])
        return next((path for path in (inside, Path(line.run)) if path.is_dir()), None)

    def run_folders(self) -> "Iterator[Path]":
        """The folders of runs that are there, whatever any line says; not by way of links to them."""
        for target in filter(_is_folder, self.runs.glob("*")):
            for workload in filter(_is_folder, target.glob("*")):
                yield from filter(_is_folder, workload.glob("*"))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the folder; it appears whole or not at all."""
        return write_whole(self.path / name, text)


@dataclass(frozen=True)
class LineWriter:
    """The writer of `runs.jsonl`. InfrastructureError if the disk is full."""

    file: int
    path: Path

    def add(self, line: RunLine) -> None:
        """Add a line; it is on the disk when this returns."""
        with writing(self.path):
            content = line.to_json()
            while content:
                content = content[os.write(self.file, content) :]
            os.fdatasync(self.file)


def last_time(name: str, out: Path) -> Sequence[RunLine]:
    """The lines of the newest earlier campaign of this name under `out`; none if it cannot be read."""
    for path in sorted(out.glob(f"{safe_name(name)}-*/campaign.json"), reverse=True):
        try:
            folder = CampaignFolder.open(path.parent)
            if folder.about().get("name") == name:
                return folder.lines()
        except UsageError:
            continue
    return ()


def digest(text: str) -> str:
    """A digest that tells a changed file from an unchanged one."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _whole(content: bytes) -> bytes:
    """A file without what follows its last whole line."""
    return content[: content.rfind(b"\n") + 1]
