"""Contents of the folders: runs, campaigns and cards, found anew for each page, as the folders say now."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from splitbrain.campaigns.record import CampaignFolder
from splitbrain.harness.errors import UsageError
from splitbrain.results.index import INTERRUPTED, SORTS, IndexedRun, RunFilter, find_runs
from splitbrain.results.result import RunStatus
from splitbrain.serve.places import Places

NO_FAULTS = "none"
GROUPS = ("target", "workload", "verdict", "env", "faults")
TONES = ("invalid", "infrastructure", "unknown", INTERRUPTED, "valid")
"""Verdicts, those first that want somebody's attention."""
VERDICTS = (*(status.value for status in RunStatus), INTERRUPTED)


@dataclass(frozen=True)
class ListedRun:
    """A run in the table. address: of its folder. report: whether it has a page."""

    run: IndexedRun
    address: str
    report: bool

    @property
    def going(self) -> bool:
        """Whether it has no verdict: it may still go on."""
        return self.run.verdict == INTERRUPTED

    @property
    def begun(self) -> str:
        """The time at which it began, for people."""
        return datetime.fromtimestamp(self.run.began, UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def faults(self) -> str:
        """Names of its faults, for people."""
        return ", ".join(name for name in self.run.faults.split(",") if name) or NO_FAULTS


@dataclass(frozen=True)
class RunGroup:
    """Runs with something in common: `name`; all of them without a name where nothing was asked for."""

    name: str
    runs: Sequence[ListedRun]

    @property
    def counts(self) -> Sequence[tuple[str, int]]:
        """The number of runs of each verdict that there is."""
        return _counted(shown.run.verdict for shown in self.runs)

    @property
    def tone(self) -> str:
        """The verdict of its runs that wants most attention."""
        there = {verdict for verdict, _ in self.counts}
        return next(verdict for verdict in TONES if verdict in there)


@dataclass(frozen=True)
class ListedCampaign:
    """A campaign. lines: how many runs it has so far. counts: of them by verdict. surprises: not as expected."""

    name: str
    address: str
    report: bool
    lines: int
    counts: Sequence[tuple[str, int]]
    surprises: int


@dataclass(frozen=True)
class ListedCard:
    """A card of `classify`."""

    target: str
    word: str
    address: str


def runs(places: Places, wanted: RunFilter, words: str, faults: str, order: str) -> list[ListedRun]:
    """The runs that fit a filter and hold the words in their line. faults: exactly these, as `ListedRun.faults` says
    them; "" for any. order: of `SORTS`; the newest first for age."""
    found = [
        ListedRun(run, f"{name}/{run.path}", (root / run.path / "report.html").is_file())
        for name, root in places.folders.items()
        for run in find_runs(root, wanted, order)
        if _holds(run, words)
    ]
    if faults:
        found = [shown for shown in found if shown.faults == faults]
    if len(places.folders) > 1:
        found.sort(key=lambda shown: -shown.run.began)
        if order != SORTS[0]:
            found.sort(key=lambda shown: getattr(shown.run, order))
    return found


def grouped(found: Sequence[ListedRun], by: str) -> list[RunGroup]:
    """Runs by a property of `GROUPS`, "" for none, in the order of names; within a group the order stays."""
    if not by:
        return [RunGroup("", found)] if found else []
    ordered = sorted(found, key=lambda shown: _name(shown, by))
    return [RunGroup(name, list(some)) for name, some in groupby(ordered, key=lambda shown: _name(shown, by))]


def grid(found: Sequence[ListedRun]) -> tuple[list[str], dict[str, dict[str, RunGroup]]]:
    """(the faults, target → faults → its runs with them), in the order of names; no faults come first."""
    rows = {
        target.name: {cell.name: cell for cell in grouped(target.runs, "faults")} for target in grouped(found, "target")
    }
    columns = {faults for row in rows.values() for faults in row}
    return sorted(columns, key=lambda faults: (faults != NO_FAULTS, faults)), rows


def campaigns(places: Places) -> list[ListedCampaign]:
    """The campaigns, the newest first by their folders' names."""
    found = []
    for path in _holding(places, "campaign.json"):
        try:
            folder = CampaignFolder.open(path)
            lines = folder.lines()
            name = str(folder.about().get("name", path.name))
        except UsageError:
            continue  # of another version, or not one of ours: what cannot be understood is not listed
        counts = _counted(line.status.value for line in lines)
        surprises = sum(not line.as_expected for line in lines)
        report = (path / "report.html").is_file()
        found.append(ListedCampaign(name, places.address(path), report, len(lines), counts, surprises))
    return sorted(found, key=lambda shown: shown.address.rpartition("-")[2], reverse=True)


def cards(places: Places) -> list[ListedCard]:
    """The cards, by target."""
    found = []
    for path in _holding(places, "card.html"):
        told = _card(path / "card.json")
        found.append(ListedCard(str(told.get("target", path.name)), str(told.get("class", "")), places.address(path)))
    return sorted(found, key=lambda shown: (shown.target, shown.address))


def _counted(verdicts: Iterable[str]) -> list[tuple[str, int]]:
    """The number of each verdict that there is."""
    there = Counter(verdicts)
    return [(verdict, there[verdict]) for verdict in VERDICTS if there[verdict]]


def _card(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _holding(places: Places, file: str) -> Iterator[Path]:
    """Folders that hold such a file, but nothing within run folders, and nothing by way of a link that leads out."""
    for root in places.folders.values():
        for place, inside, names in os.walk(root):
            if "test.toml" in names:
                inside.clear()
            elif file in names and places.folder(places.address(Path(place))):
                yield Path(place)


def _holds(run: IndexedRun, words: str) -> bool:
    line = (
        f"{run.path} {run.target} {run.workload} {run.env} {run.faults} {run.verdict} {run.reason} {run.seed}".lower()
    )
    return all(word in line for word in words.lower().split())


def _name(shown: ListedRun, by: str) -> str:
    return shown.faults if by == "faults" else str(getattr(shown.run, by))
