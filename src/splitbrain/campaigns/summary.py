"""A campaign in Markdown: for a pull request, the summary of a job, or a terminal that shows text."""

from splitbrain.campaigns.outcome import CampaignResult, TestOutcome, TestStatus
from splitbrain.results.format import counted, plain
from splitbrain.results.result import RunStatus

SIGNS = {
    TestStatus.PASSED: "✅",
    TestStatus.FAILED: "❌",
    TestStatus.UNKNOWN: "❔",
    TestStatus.INFRASTRUCTURE: "⚠️",
}
_COLUMNS = (RunStatus.VALID, RunStatus.INVALID, RunStatus.UNKNOWN, RunStatus.INFRASTRUCTURE)
STATES = "states that nodes marked"
SEEDS_TOLD = 8
"""The number of seeds with something new that are named."""
SURPRISES_FIRST = (TestStatus.FAILED, TestStatus.INFRASTRUCTURE, TestStatus.UNKNOWN)


def markdown(result: CampaignResult) -> str:
    """The whole summary: the verdict, what is not as expected with how to repeat it, and a table of all tests."""
    lines = [f"## {_text(result.name)}: {result.status.value}", "", _text(sentence(result)), ""]
    for status in SURPRISES_FIRST:
        for outcome in result.tests:
            if outcome.status is status:
                lines += _surprise(outcome)
    if result.remarks:
        lines += ["Compared with the baseline:", "", *(f"- {_text(remark)}" for remark in result.remarks), ""]
    reached = states_told(result)
    if reached:
        lines += [f"{_text(STATES)}:", "", *(f"- {_text(words)}" for words in reached), ""]
    rows = [_row(outcome) for outcome in result.tests]
    lines += [
        "| test | | valid | invalid | unknown | infrastructure | refuted (95 %) |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    return "\n".join([*lines, *rows]) + "\n"


def sentence(result: CampaignResult) -> str:
    """The campaign in one sentence."""
    counts = [(status, count) for status, count in result.counts.items() if count]
    tests = ", ".join(f"{count} {status.value}" for status, count in counts)
    missing = f"; {counted(result.not_run, 'run')} not carried out: {result.why_not_run}" if result.not_run else ""
    return f"{counted(len(result.tests), 'test')} ({tests}), {counted(len(result.lines), 'run')}{missing}"


def states_told(result: CampaignResult) -> list[str]:
    """A sentence for each test whose nodes marked states: how many, and which seeds reached new ones."""
    return [f"{outcome.test.name}: {_states(outcome)}" for outcome in result.tests if outcome.states]


def _states(outcome: TestOutcome) -> str:
    runs = counted(len(outcome.lines), "run")
    found = [(line.key[1], len(line.new_states)) for line in outcome.lines if line.new_states]
    seeds = ", ".join(f"{seed} ({new})" for seed, new in found[-SEEDS_TOLD:])
    more = f"{len(found)} seeds, the last" if len(found) > SEEDS_TOLD else counted(len(found), "seed") + ":"
    varied = sum(line.varied is not None for line in outcome.lines)
    led = f"; {counted(varied, 'run')} varied what reached something new" if varied else ""
    return f"{counted(len(outcome.states), 'state')} in {runs}, new ones with {more} {seeds}{led}"


def _surprise(outcome: TestOutcome) -> list[str]:
    told = [f"**{SIGNS[outcome.status]} {outcome.word}: {_text(outcome.test.name)}**", "", _text(outcome.reason), ""]
    line = outcome.decisive
    if line is not None:
        told += [f"- {_text(words)}" for words in line.witness if words not in line.reason]
        told += ["", f"```\n{plain(line.command)}\n```", ""]
    return told


def _row(outcome: TestOutcome) -> str:
    known = f" – known: {_text(outcome.test.known)}" if outcome.test.known else ""
    expected = "" if outcome.test.expect == "valid" else f" (expected: {outcome.test.expect})"
    counts = " | ".join(str(outcome.counts[status]) for status in _COLUMNS)
    name = _text(outcome.test.name) + expected + known
    return f"| {name} | {SIGNS[outcome.status]} {outcome.word} | {counts} | {_text(outcome.refuted.shown())} |"


def _text(words: str) -> str:
    """Words from anywhere, so that Markdown shows them as they are."""
    escaped = plain(words)
    for sign in ("\\", "|", "<", "`", "*", "_", "["):
        escaped = escaped.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return escaped
