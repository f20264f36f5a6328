"""Reports of a campaign beside its runs: `summary.md`, `junit.xml` and `report.html`."""

from splitbrain.campaigns.outcome import CampaignResult, TestOutcome, TestStatus
from splitbrain.campaigns.page import render
from splitbrain.campaigns.record import CampaignFolder
from splitbrain.campaigns.summary import markdown
from splitbrain.results.junit import Case, Outcome, junit

OUTCOMES: dict[TestStatus, Outcome] = {
    TestStatus.PASSED: "passed",
    TestStatus.FAILED: "failure",
    TestStatus.UNKNOWN: "skipped",
    TestStatus.INFRASTRUCTURE: "error",
}


def write_reports(folder: CampaignFolder, result: CampaignResult, strict: bool = False) -> None:
    """Write all of them. strict: in `junit.xml`, unknown is a failure."""
    folder.write("summary.md", markdown(result))
    folder.write("junit.xml", junit(result.name, [case(test, strict) for test in result.tests]))
    folder.write("report.html", render(folder, result))


def case(outcome: TestOutcome, strict: bool = False) -> Case:
    """A test as a case of JUnit."""
    kind = OUTCOMES[outcome.status]
    if strict and outcome.status is TestStatus.UNKNOWN:
        kind = "failure"
    seconds = sum(line.wall_seconds for line in outcome.lines)
    return Case(outcome.test.name, outcome.test.spec.target, kind, seconds, outcome.reason, _text(outcome))


def _text(outcome: TestOutcome) -> str:
    """The evidence: the reason of the decisive run with its witness, how to repeat it, and where it is kept."""
    line = outcome.decisive
    if line is None:
        return outcome.reason
    new = outcome.compared.worse if outcome.compared is not None else ()
    parts = [*new, line.reason, *(sentence for sentence in line.witness if sentence not in line.reason)]
    parts += [f"repeat with: {line.command}"] if line.command else []
    parts += [f"kept in: {line.run}"] if line.run else []
    return "\n".join(parts)
