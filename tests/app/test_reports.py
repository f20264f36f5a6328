"""Histories from public reports, papers and other projects' test suites: `tests/data/reports` and what it expects."""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.runner.checking import Judge

REPORTS = Path(__file__).resolve().parent.parent / "data" / "reports"
ENOUGH = Budget(seconds=600, configurations=1_000_000)
"""Budget in which configurations decide, so that a slow machine gives the same verdict."""


def rows() -> list[list[str]]:
    """file, model and options, expected, pending, source, what."""
    return [line.split("\t") for line in (REPORTS / "expected.tsv").read_text().splitlines()[1:]]


def cases() -> list[ParameterSet]:
    found = []
    for file, words, expected, pending, _, _ in rows():
        marks: list[pytest.MarkDecorator] = []
        if pending:
            marks.append(pytest.mark.xfail(strict=True, reason=pending))
        if pending and file.startswith("perf"):
            marks.append(pytest.mark.long)
        found.append(pytest.param(file, words, expected, id=f"{file} {words}", marks=marks))
    return found


def verdict(file: str, words: str) -> str:
    """The verdict of `splitbrain check` on a file with these words: model, options, --format, --lenient."""
    model, *rest = words.split()
    lenient = "--lenient" in rest
    form = rest.pop(rest.index("--format") + 1) if "--format" in rest else "auto"
    settings = dict(word.split("=", 1) for word in rest if not word.startswith("--"))
    keyed = settings.pop("keyed", "false") == "true"
    try:
        history = read(REPORTS / file, form, keyed=keyed, lenient=lenient)
        return Judge.of_model(model, settings).verdict(history, ENOUGH).value.value
    except UsageError:
        return "unreadable"


@pytest.mark.parametrize(("file", "words", "expected"), cases())
def test_the_verdict_is_the_expected_one(file: str, words: str, expected: str) -> None:
    assert verdict(file, words) == expected


def test_every_file_is_in_the_table_with_its_source() -> None:
    named = {row[0] for row in rows()}
    assert named == {path.name for path in REPORTS.iterdir()} - {"README.md", "expected.tsv"}
    assert all(row[4] and row[5] for row in rows())
