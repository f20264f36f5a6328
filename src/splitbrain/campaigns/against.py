"""A campaign and its baselines: the one that it is compared with, and the one that it writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.campaigns.baseline import Baseline, conditions
from splitbrain.campaigns.compare import Comparison, compare
from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.harness.kinds import parse_known
from splitbrain.results.folder import writing


@dataclass(frozen=True)
class Against:
    """baseline: what a campaign is compared with. to_write: where its own goes."""

    baseline: Baseline | None
    to_write: Path | None

    @staticmethod
    def given(
        baseline: Baseline | Path | str | None, to_write: Path | None, tests: Sequence[CampaignTest]
    ) -> "Against":
        """The baseline that was asked for. UsageError, before anything starts, for a place that cannot be written to,
        and for a baseline that cannot be read or was made under other conditions: its figures say nothing of these
        tests."""
        if to_write is not None:
            with writing(to_write):
                to_write.parent.mkdir(parents=True, exist_ok=True)
        found = Baseline.read(Path(baseline)) if isinstance(baseline, Path | str) else baseline
        where = baseline if isinstance(baseline, Path | str) else "baseline"
        for test in tests:
            before = None if found is None else found.tests.get(test.name)
            now = conditions(test.plan.record().command)
            if before is not None and before.conditions != now:
                raise UsageError(
                    f"{where}: test {test.name!r} was run with {before.conditions or 'no options'}, and is now run "
                    f"with {now or 'no options'}: write the baseline again with --write-baseline, or give the test "
                    "another name"
                )
        return Against(found, to_write)

    def compared(self, lines: Sequence[RunLine], tests: Sequence[CampaignTest]) -> Comparison | None:
        """The comparison of the runs of a campaign; None without a baseline."""
        if self.baseline is None:
            return None
        known = {test.name: parse_known(test.spec.known) for test in tests}
        return compare(self.baseline, Baseline.of(_of_the_grid(lines, tests)), known)

    def write(self, lines: Sequence[RunLine], tests: Sequence[CampaignTest]) -> None:
        """Write the baseline of a campaign that was carried out, if one is asked for."""
        if self.to_write is not None:
            Baseline.of(_of_the_grid(lines, tests)).write(self.to_write)


def _of_the_grid(lines: Sequence[RunLine], tests: Sequence[CampaignTest]) -> list[RunLine]:
    """The runs of the tests' own seeds and configurations: those that were kept because they failed, and those that a
    guide varied, are no fair sample."""
    seeds = {test.name: frozenset(test.seeds) for test in tests}
    return [line for line in lines if line.key[1] in seeds[line.test] and line.varied is None]
