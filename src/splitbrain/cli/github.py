"""Output for GitHub's runners: annotations on standard error, and the summary of the job as Markdown in a file."""

from collections.abc import Mapping
from pathlib import Path

from splitbrain.campaigns.outcome import CampaignResult, TestStatus
from splitbrain.campaigns.summary import markdown
from splitbrain.cli.output import annotate
from splitbrain.results.format import plain

LEVELS = {TestStatus.FAILED: "error", TestStatus.INFRASTRUCTURE: "warning", TestStatus.UNKNOWN: "warning"}


def report(result: CampaignResult, variables: Mapping[str, str]) -> None:
    """Write both, where the variables of the environment say that this is such a runner."""
    if variables.get("GITHUB_ACTIONS") != "true":
        return
    for outcome in result.tests:
        if outcome.status in LEVELS:
            title = f"{outcome.status.value}: {outcome.test.name}"
            annotate(f"::{LEVELS[outcome.status]} title={_property(title)}::{_data(outcome.reason)}")
    summary = variables.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown(result))


def _data(text: str) -> str:
    """Text of an annotation, with what the runner would take for its end."""
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
