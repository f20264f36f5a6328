"""Folders that are shown, and which of their files: nothing outside of them, nothing of another name.

An address is `NAME/PATH`: a folder's name, and a path in it.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import LATEST, held

PAGES = ("report.html", "card.html")
PICTURES = ("badge.svg",)
TEXTS = (
    "campaign.json",
    "campaign.toml",
    "card.json",
    "card.md",
    "history.jsonl",
    "runs.jsonl",
    "schedule.toml",
    "summary.md",
    "test.toml",
    "verdict.json",
    "junit.xml",
)
COMPRESSED = ("history.jsonl.gz",)
LOGS = "logs"


@dataclass(frozen=True)
class Places:
    """The folders, by the name that each has in addresses."""

    folders: Mapping[str, Path]

    @staticmethod
    def of(paths: Iterable[Path]) -> "Places":
        """Places for these folders; of two with one name the second gets a number. UsageError for what is no folder."""
        folders: dict[str, Path] = {}
        for path in paths:
            if not path.is_dir():
                raise UsageError(f"{path}: no such folder of runs, campaigns or cards")
            whole = path.resolve()
            if whole in folders.values():
                continue
            wanted = whole.name or "root"
            names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(folders) + 2)))
            folders[next(name for name in names if name not in folders)] = whole
        return Places(folders)

    def find(self, address: str) -> Path | None:
        """The path that an address names, links followed; None if it is not there, or outside."""
        name, _, inside = address.partition("/")
        root = self.folders.get(name)
        if root is None:
            return None
        try:
            inside.encode()  # what is no text is not in an address
            path = (root / inside).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return None
        return path if path.is_relative_to(root) else None

    def folder(self, address: str) -> Path | None:
        """The folder that an address names; None as for `find`, and if what we read in one leads out of the folders or
        is no file."""
        path = self.find(address)
        if path is None or not path.is_dir():
            return None
        root = self.folders[address.partition("/")[0]]
        there = (path / name for name in (*TEXTS, *COMPRESSED) if os.path.lexists(path / name))
        return path if all(held(file, root) for file in there) else None

    def address(self, path: Path) -> str:
        """The address of a path in one of the folders."""
        for name, root in self.folders.items():
            if path.is_relative_to(root):
                return f"{name}/{path.relative_to(root).as_posix()}"
        raise ValueError(f"{path} is in none of the folders")

    def file(self, address: str) -> Path | None:
        """The file that an address names, if it is one that is shown; else None."""
        path = self.find(address)
        if path is None or not path.is_file():
            return None
        known = path.name in (*PAGES, *PICTURES, *TEXTS, *COMPRESSED)
        return path if known or _is_log(path) else None


def _is_log(path: Path) -> bool:
    """Whether it is what a node of a kept run wrote."""
    return path.parent.name == LOGS and (path.parent.parent / "test.toml").is_file() and path.name != LATEST
