"""ClassificationFolder: what is kept of a classification, enough to make every card again.

classify.json          the targets, and what was known of them before they were run
TARGET/runs/NAME-SEED  the folders of its runs, by scenario and seed
TARGET/card.json …     the card, for machines and people, and the badge
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from splitbrain import registry
from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.evidence import RunEvidence, evidence
from splitbrain.classification.scenarios import MODEL, PROBES, SCENARIOS
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.harness.verdict import Verdict
from splitbrain.results.folder import RunFolder, safe_name, write_whole, writing
from splitbrain.version import __version__

ALL = (*SCENARIOS, *PROBES)
FORMAT = 1
FILE = "classify.json"


@dataclass(frozen=True)
class ClassificationFolder:
    """The folder of one classification."""

    path: Path

    @staticmethod
    def create(path: Path) -> "ClassificationFolder":
        """The folder, made if it is not there. UsageError if it holds something else, or cannot be written to."""
        found = ClassificationFolder(path)
        if path.is_dir() and any(path.iterdir()) and not (path / FILE).is_file():
            raise UsageError(f"{path}: not empty, and not the folder of a classification: name another one with --out")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        return found

    @staticmethod
    def open(path: Path) -> "ClassificationFolder":
        """An existing one; UsageError if there is none, or one of another format."""
        file = path / FILE
        if not file.is_file():
            raise UsageError(f"{path}: not the folder of a classification: it has no {FILE}")
        found = ClassificationFolder(path)
        if found._plain().get("format") != FORMAT:
            raise UsageError(f"{file}: expected format = {FORMAT}: use the splitbrain that wrote it")
        return found

    def write(self, subjects: Sequence[CardSubject]) -> None:
        """Write down what was classified."""
        plain = {"format": FORMAT, "splitbrain": __version__, "targets": msgspec.to_builtins(subjects)}
        write_whole(self.path / FILE, json.dumps(plain, indent=1) + "\n")

    def subjects(self) -> list[CardSubject]:
        """The targets that were classified. UsageError if the file does not say so."""
        try:
            return msgspec.convert(self._plain()["targets"], list[CardSubject])
        except (KeyError, msgspec.ValidationError) as error:
            raise UsageError(f"{self.path / FILE}: not what splitbrain wrote: {error}") from None

    def of(self, target: str) -> Path:
        """The folder of one target."""
        return self.path / safe_name(target)

    @property
    def campaigns(self) -> Path:
        """The folder of campaigns that are under way."""
        return self.path / "campaigns"

    def run_path(self, target: str, scenario: str, seed: int) -> Path:
        """The folder of one run."""
        slug = next(one.slug for one in ALL if one.name == scenario)
        return self.of(target) / "runs" / f"{slug}-{seed}"

    def runs(self, target: str) -> Iterator[tuple[str, int, Path]]:
        """Scenario, seed and folder of each kept run, in the order of scenarios and seeds."""
        for scenario in ALL:
            found = []
            for path in self.of(target).glob(f"runs/{scenario.slug}-*"):
                seed = path.name.removeprefix(f"{scenario.slug}-")
                if seed.removeprefix("-").isdecimal():
                    found.append((int(seed), path))
            for number, path in sorted(found):
                yield scenario.name, number, path

    def card(self, subject: CardSubject, *, again: bool) -> Card:
        """The card of a target, from the histories of its runs. again: whether to judge them once more; else what was
        found when they were run counts."""
        runs = [
            self.evidence_of(path, scenario, seed, again=again) for scenario, seed, path in self.runs(subject.target)
        ]
        return Card.of(subject, runs)

    def evidence_of(self, path: Path, scenario: str, seed: int, *, again: bool) -> RunEvidence:
        """The evidence of one run; without models of a probe."""
        folder = RunFolder(path)
        history, verdict = read(folder.recorded()), None
        written = folder.verdict() if (path / "verdict.json").is_file() or not again else {}
        probe = any(one.name == scenario for one in PROBES)
        if again and not probe:
            verdict = registry.model(MODEL).make().check(history, folder.record().spec.budget)
        elif not probe:
            tree = written["tree"]
            verdict = None if tree is None else Verdict.from_json(tree)
        found = evidence(history, verdict, scenario, seed, f"runs/{path.name}")
        trip = written.get("coverage", {}).get("round_trip_us")
        return found if trip is None else replace(found, round_trip_ms=trip / 1000)

    def _plain(self) -> dict[str, Any]:
        try:
            plain = json.loads((self.path / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path / FILE}: cannot be read: {error}") from None
        return plain if isinstance(plain, dict) else {}
