"""Seeds that failed: kept in the user's `regressions/`, a file a test, and tried first by every later campaign."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.outcome import CampaignResult
from splitbrain.campaigns.tasks import RunLine
from splitbrain.regressions import Regressions
from splitbrain.results.result import RunStatus

KEPT_MOST = 20
"""The number of seeds of one test that are kept: more say nothing new, and cost every later campaign their time."""


def with_kept(tests: Sequence[CampaignTest], folder: Path) -> tuple[CampaignTest, ...]:
    """The tests that expect `valid` with their seeds that are kept in a folder; UsageError if a file of it cannot be
    understood."""
    return tuple(
        replace(test, kept=Regressions(folder, test.name).seeds()) if test.expect == RunStatus.VALID else test
        for test in tests
    )


def keep_failed(result: CampaignResult, folder: Path | str | None) -> None:
    """Keep in a folder, if there is to be one, what was refuted where `valid` is expected, and is not known."""
    for outcome in result.tests if folder is not None else ():
        kept = Regressions(Path(folder or ""), outcome.test.name)
        seeds = kept.seeds() if any(map(_failed, outcome.lines)) else ()
        for line in list(filter(_failed, outcome.lines))[: max(0, KEPT_MOST - len(seeds))]:
            kept.keep(line.key[1], str(line.plain.get("token", "")), line.reason.partition("\n")[0])


def _failed(line: RunLine) -> bool:
    """Whether a run was refuted; not one that a guide varied, which its seed alone does not repeat."""
    return line.plain["expect"] == RunStatus.VALID and line.counts_as is RunStatus.INVALID and line.varied is None
