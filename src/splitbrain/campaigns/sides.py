"""Two runs, campaigns or baselines side by side."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.campaigns.baseline import LATENCY, Baseline, TestBaseline
from splitbrain.campaigns.compare import Comparison, compare, median
from splitbrain.campaigns.grid import NO_FAULTS
from splitbrain.campaigns.record import CampaignFolder
from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RunFolder
from splitbrain.results.result import RunStatus


@dataclass(frozen=True)
class Sides:
    """Two sides and how they compare. If each has a single test, these are compared whatever their names."""

    first: Baseline
    second: Baseline
    comparison: Comparison

    @staticmethod
    def of(first: Path, second: Path) -> "Sides":
        """The comparison of two of these: a run's folder, a campaign's, or the file of a baseline. UsageError if one is
        neither, or if they have no test in common."""
        one, other = read_side(first), read_side(second)
        if len(one.tests) == len(other.tests) == 1:
            other = Baseline({next(iter(one.tests)): next(iter(other.tests.values()))}, other.version)
        comparison = compare(one, other, sides=True)
        if not comparison.tests:
            raise UsageError(
                f"{first} and {second} have no test in common: the one has {_names(one)}, the other {_names(other)}"
            )
        return Sides(one, other, comparison)

    @property
    def differ(self) -> bool:
        """Whether anything that both have differs beyond chance."""
        return any(test.differs for test in self.comparison.tests.values())

    def rows(self, name: str) -> Iterator[tuple[str, str, str]]:
        """Rows for what both sides have of a test: what it is, the first's, the second's; figures by their medians."""
        one, other = self.first.tests[name], self.second.tests[name]
        yield "target", one.target, other.target
        if one.conditions != other.conditions:
            yield "options", one.conditions, other.conditions
        for status in RunStatus:
            counts = [side.verdicts.get(status.value, 0) for side in (one, other)]
            if any(counts):
                yield f"runs {status.value}", *map(str, counts)  # type: ignore[misc]
        for kind in sorted(one.kinds | other.kinds):
            yield f"runs refuted by {kind}", *(str(_with_kind(side, kind)) for side in (one, other))  # type: ignore[misc]
        for figure in sorted({**one.figures, **other.figures}):
            yield figure, *(_shown(side, figure) for side in (one, other))  # type: ignore[misc]


def read_side(path: Path) -> Baseline:
    """The campaign or baseline at a path, as a baseline. UsageError if it is none of those that can be compared."""
    if path.is_file():
        return Baseline.read(path)
    if (path / "campaign.json").is_file():
        lines = CampaignFolder.open(path).lines()
        if not lines:
            raise UsageError(f"{path}: a campaign of which nothing was run")
        return _baseline(lines, path)
    if (path / "test.toml").is_file():
        return _baseline([line_of_run(RunFolder.open(path))], path)
    raise UsageError(f"{path}: expected the folder of a run or of a campaign, or the file of a baseline")


def _baseline(lines: Sequence[RunLine], path: Path) -> Baseline:
    """The baseline of runs. UsageError if what is written of them is not what splitbrain writes."""
    try:
        return Baseline.of(lines)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: its verdicts are not as splitbrain writes them: {error!r}") from None


def line_of_run(folder: RunFolder) -> RunLine:
    """The line that a campaign would have of a run; it expects `valid`."""
    verdict, spec = folder.verdict(), folder.record().spec
    figures = {name: verdict.get(name) for name in ("counts", "availability", "latency", "service", "errors")}
    name = " · ".join((spec.target, spec.workload or "", spec.nemesis or NO_FAULTS))
    about: dict[str, Any] = {"test": name, "target": spec.target, "seed": spec.seed or 0, "expect": "valid"}
    about["as_expected"] = verdict.get("verdict") == RunStatus.VALID.value
    return RunLine({**verdict, **about, "run": str(folder.path), "figures": figures})


def _with_kind(side: TestBaseline, kind: str) -> int:
    return sum(check.kinds.get(kind, 0) for check in side.checks.values())


def _shown(side: TestBaseline, figure: str) -> str:
    value = median(side.figures.get(figure, ()))
    return "–" if math.isnan(value) else f"{value:.4g}{' ms' if figure.startswith(LATENCY) else ''}"


def _names(side: Baseline) -> str:
    return ", ".join(map(repr, side.tests)) or "none"
