"""Outcomes: what the runs of a test mean, and what the tests of a campaign mean.

A test that expects `valid` passes if every run was; one that expects `invalid` passes if at least one was. What was
not run is told, and a test of which nothing was run has shown nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from splitbrain.campaigns.compare import Comparison, TestComparison, plain
from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.tasks import RunLine
from splitbrain.results.intervals import Interval, wilson
from splitbrain.results.result import RunStatus

WORST_FIRST = (RunStatus.INVALID, RunStatus.INFRASTRUCTURE, RunStatus.UNKNOWN, RunStatus.VALID)


class TestStatus(StrEnum):
    """The end of a test of a campaign."""

    __test__ = False  # pytest takes the name for its own

    PASSED = "passed"
    FAILED = "failed"
    """A surprise: refuted although `valid` was expected, or never refuted although `invalid` was."""
    UNKNOWN = "unknown"
    INFRASTRUCTURE = "infrastructure"


OF_STATUS = {
    TestStatus.PASSED: RunStatus.VALID,
    TestStatus.FAILED: RunStatus.INVALID,
    TestStatus.UNKNOWN: RunStatus.UNKNOWN,
    TestStatus.INFRASTRUCTURE: RunStatus.INFRASTRUCTURE,
}
"""A test that is as expected counts as valid, a surprise as invalid."""


@dataclass(frozen=True)
class TestOutcome:
    """The meaning of the runs of one test. lines: in order of seed. compared: with a baseline that knows the test."""

    __test__ = False  # pytest takes the name for its own

    test: CampaignTest
    lines: tuple[RunLine, ...]
    compared: TestComparison | None = None

    @cached_property
    def counts(self) -> Mapping[RunStatus, int]:
        """The number of runs that ended in each way."""
        found = Counter(line.status for line in self.lines)
        return {status: found[status] for status in WORST_FIRST}

    @property
    def not_run(self) -> int:
        """The number of its seeds that were not run."""
        return len(self.test.all_seeds) - len(self.lines)

    @property
    def refuted(self) -> Interval:
        """The share of refuted runs among those that were decided, with its 95 % interval."""
        invalid = self.counts[RunStatus.INVALID]
        return wilson(invalid, invalid + self.counts[RunStatus.VALID])

    @property
    def states(self) -> frozenset[str]:
        """The states that its nodes marked in any run."""
        return frozenset(state for line in self.lines for state in line.new_states)

    @property
    def status(self) -> TestStatus:
        """Whether it is as expected; of one that was compared, whether nothing is new."""
        if self.compared is None or not self.lines:
            return self.alone
        if self.compared.worse:
            return TestStatus.FAILED
        never_refuted = self.test.expect == RunStatus.INVALID and self.alone is TestStatus.FAILED
        return TestStatus.PASSED if never_refuted else self.alone

    @property
    def word(self) -> str:
        """The word for its end, for people."""
        if self.status is not TestStatus.PASSED:
            return self.status.value
        return "as expected" if self.alone is TestStatus.PASSED else "nothing new"

    @property
    def alone(self) -> TestStatus:
        """Whether it is as expected, whatever a baseline says."""
        counts = self.counts
        if not self.lines:
            return TestStatus.UNKNOWN
        if self.test.expect == RunStatus.INVALID:
            if counts[RunStatus.INVALID]:
                return TestStatus.PASSED
            all_valid = counts[RunStatus.VALID] == len(self.test.all_seeds)
            return TestStatus.FAILED if all_valid else TestStatus.UNKNOWN
        seen = {line.counts_as for line in self.lines}
        worst = next(status for status in WORST_FIRST if status in seen)
        return next(status for status, word in OF_STATUS.items() if word is worst)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks of a comparison with a baseline beside what is new."""
        return () if self.compared is None else (*self.compared.better, *self.compared.notes)

    @property
    def decisive(self) -> RunLine | None:
        """The run that says most about how it ended: the first of the worst."""
        if self.test.expect == RunStatus.INVALID and not self.counts[RunStatus.INVALID]:
            undecided = (line for line in self.lines if line.status is not RunStatus.VALID)
            return next(undecided, None)
        return next((line for status in WORST_FIRST for line in self.lines if line.counts_as is status), None)

    @property
    def reason(self) -> str:
        """The reason for its end, in a sentence."""
        seeds = f"{len(self.lines)} seed{'' if len(self.lines) == 1 else 's'}"
        if not self.lines:
            return "nothing of it was run"
        if self.compared is not None and (self.compared.worse or self.status is not self.alone):
            never = f"never refuted with {seeds}{self._missing()}"
            return "; ".join(self.compared.worse or (never, *self.compared.better))
        if self.test.expect == RunStatus.INVALID:
            return self._never_refuted(seeds) if self.status is not TestStatus.PASSED else self._shown(seeds)
        if self.status is TestStatus.PASSED:
            accepted = [line for line in self.lines if line.counts_as is not line.status]
            kinds = ", ".join(sorted({kind for line in accepted for kind in line.kinds}))
            known = f", {len(accepted)} of them but for what is known: {kinds}" if accepted else ""
            return f"valid with {seeds}{known}{self._missing()}"
        return self._shown(seeds)

    def _never_refuted(self, seeds: str) -> str:
        if self.status is TestStatus.FAILED:
            return f"expected to be refuted, and never was with {seeds}: {self.refuted.above()}"
        undecided = len(self.lines) - self.counts[RunStatus.VALID]
        why = f": {self.decisive.reason.partition(chr(10))[0]}" if self.decisive else ""
        return f"expected to be refuted, and was not with {seeds}, {undecided} of them undecided{self._missing()}{why}"

    def _shown(self, seeds: str) -> str:
        line = self.decisive
        assert line is not None
        sentence = line.reason.partition("\n")[0]
        share = f"{line.status.value} {self.counts[line.status]} of {seeds}{self._missing()}"
        return f"{share}; seed {line.key[1]}: {sentence}"

    def _missing(self) -> str:
        return f", {self.not_run} more not run" if self.not_run else ""


@dataclass(frozen=True)
class CampaignResult:
    """The result of a campaign. folder: as text, as given. not_run: runs that were not carried out, and why. compared:
    with a baseline, if one was given."""

    name: str
    folder: str
    tests: tuple[TestOutcome, ...]
    why_not_run: str | None = None
    compared: Comparison | None = None

    @property
    def lines(self) -> Sequence[RunLine]:
        """All runs, by test and seed."""
        return [line for test in self.tests for line in test.lines]

    @property
    def states(self) -> int:
        """The number of states that nodes marked; those that several tests of one target reached count once."""
        return len({(test.test.spec.target.partition(":")[0], state) for test in self.tests for state in test.states})

    @property
    def not_run(self) -> int:
        """The number of runs that were not carried out."""
        return sum(test.not_run for test in self.tests)

    @cached_property
    def counts(self) -> Mapping[TestStatus, int]:
        """The number of tests that ended in each way."""
        found = Counter(test.status for test in self.tests)
        return {status: found[status] for status in TestStatus}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks of a comparison with a baseline beside what is new, a sentence each."""
        if self.compared is None:
            return ()
        said: dict[str, list[str]] = {}
        for test in self.tests:
            for words in test.remarks:
                said.setdefault(words, []).append(test.test.name)
        found = [f"{names[0] if len(names) == 1 else f'{len(names)} tests'}: {words}" for words, names in said.items()]
        found += [f"{name}: not in the baseline, so compared with nothing" for name in self.compared.unknown]
        return (*found, *(f"{name}: in the baseline, and not run" for name in self.compared.missing))

    @property
    def status(self) -> RunStatus:
        """The worst of the tests, where one as expected counts as valid."""
        words = {OF_STATUS[test.status] for test in self.tests}
        return next(status for status in WORST_FIRST if status in words)

    def headline(self) -> dict[str, Any]:
        """The last line of `--json`."""
        return {
            "campaign": self.folder,
            "name": self.name,
            "runs": len(self.lines),
            "not_run": self.not_run,
            "tests": len(self.tests),
            **{status.value: count for status, count in self.counts.items()},
            "states": self.states,
            "verdict": self.status.value,
            **({} if self.compared is None else {"baseline": plain(self.compared)}),
        }


def outcomes(
    tests: Sequence[CampaignTest], lines: Sequence[RunLine], compared: Comparison | None = None
) -> tuple[TestOutcome, ...]:
    """The outcome of every test, given the lines of any of them, and how they compare with a baseline."""
    by_test: dict[str, list[RunLine]] = {test.name: [] for test in tests}
    for line in lines:
        by_test[line.test].append(line)
    against = {} if compared is None else compared.tests
    return tuple(
        TestOutcome(test, tuple(sorted(by_test[test.name], key=lambda line: line.key[1])), against.get(test.name))
        for test in tests
    )
