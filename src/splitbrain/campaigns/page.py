"""A campaign as one page: the answer, the grid of targets and faults, the tests, and the runs behind each.

Like the page of a run it loads nothing, escapes all text, and lets no script run.
"""

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from splitbrain.campaigns.grid import NO_FAULTS
from splitbrain.campaigns.outcome import OF_STATUS, CampaignResult, TestOutcome, TestStatus
from splitbrain.campaigns.record import CampaignFolder
from splitbrain.campaigns.summary import SURPRISES_FIRST, sentence
from splitbrain.campaigns.tasks import RunLine
from splitbrain.results.report.page import template

ORDER = (*SURPRISES_FIRST, TestStatus.PASSED)
"""The tests that want somebody's attention come first."""
RUNS_MAX = 200
"""The number of runs of a test that the page lists: what is not as expected first."""


@dataclass(frozen=True)
class ShownRun:
    """A run in a list. link: its page, seen from the campaign's, or None."""

    line: RunLine
    link: str | None


@dataclass(frozen=True)
class ShownTest:
    """A test with its runs. hidden: how many of them are not listed."""

    number: int
    outcome: TestOutcome
    tone: str
    word: str
    runs: tuple[ShownRun, ...]
    hidden: int
    seconds: float


def render(folder: CampaignFolder, result: CampaignResult) -> str:
    """The page of a campaign whose folder is `folder`."""
    tests = [_shown(folder, number, outcome) for number, outcome in enumerate(result.tests, 1)]
    columns = list(dict.fromkeys(_column(test) for test in tests))
    rows: dict[tuple[str, str], dict[str, list[ShownTest]]] = {}
    for test in tests:
        row = (test.outcome.test.spec.target, test.outcome.test.workload)
        rows.setdefault(row, {}).setdefault(_column(test), []).append(test)
    return template(__package__ or "", "campaign.html").render(
        style=_asset("splitbrain.results.report", "report.css") + _asset(__package__ or "", "campaign.css"),
        result=result,
        sentence=sentence(result),
        columns=columns,
        rows=rows,
        tests=sorted(tests, key=lambda test: ORDER.index(test.outcome.status)),
    )


def _shown(folder: CampaignFolder, number: int, outcome: TestOutcome) -> ShownTest:
    runs = sorted(outcome.lines, key=lambda line: line.as_expected)
    listed = tuple(ShownRun(line, _link(folder, line)) for line in runs[:RUNS_MAX])
    seconds = sum(line.wall_seconds for line in outcome.lines)
    tone = OF_STATUS[outcome.status].value
    return ShownTest(number, outcome, tone, outcome.word, listed, len(runs) - len(listed), seconds)


def _link(folder: CampaignFolder, line: RunLine) -> str | None:
    path = folder.folder_of(line)
    if path is None or not (path / "report.html").is_file():
        return None
    return Path(os.path.relpath(path / "report.html", folder.path)).as_posix()


def _column(test: ShownTest) -> str:
    return test.outcome.test.spec.nemesis or NO_FAULTS


def _asset(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
