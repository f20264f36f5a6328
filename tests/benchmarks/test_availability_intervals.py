"""The benchmark of intervals: it goes on where it was interrupted, and tells which cover too rarely or always."""

import json
from pathlib import Path
from typing import Any

import availability_intervals
import pytest
from availability_intervals import BEGIN, END, TRUTH, CoverageRow, main, rows, rows_of_others, seeds_of, table


def line(repetition: int, low: float, share: float, high: float) -> dict[str, Any]:
    """A line of the file."""
    return {"target": "raft", "repetition": repetition, "shares": {"4 majority reads": [low, share, high]}}


def test_an_interval_is_counted_if_it_holds_the_truth() -> None:
    found = [line(TRUTH, 0.49, 0.5, 0.51), *[line(number, 0.4, 0.45, 0.55) for number in (1, 2)],
             line(3, 0.1, 0.2, 0.3)]  # fmt: skip
    (row,) = rows(found)
    assert (row.truth, row.covered, row.repetitions) == (0.5, 2, 3)
    assert row.few
    assert "| 2 of 3 |" in row.told()


@pytest.mark.parametrize(
    ("truth", "covered", "few", "always"),
    [(0.5, 90, False, False), (0.5, 89, True, False), (0.5, 100, False, True), (0.97, 100, False, False)],
)
def test_too_rarely_and_always_are_told_apart(truth: float, covered: int, few: bool, always: bool) -> None:
    row = CoverageRow("raft", "4 majority reads", truth, covered, 100)
    assert (row.few, row.always) == (few, always)


def test_repetitions_have_no_seed_in_common() -> None:
    drawn = [seed for repetition in range(5) for seed in seeds_of(repetition)]
    assert len(set(drawn)) == len(drawn) == 108


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability_intervals, "LONGER", 1)
    monkeypatch.setattr(availability_intervals, "RUNS", 1)
    made: list[int] = []

    class Serial:
        """A pool without processes."""

        def __init__(self, jobs: int) -> None: ...
        def __enter__(self) -> "Serial":
            return self

        def __exit__(self, *error: object) -> None: ...
        def map(self, call: Any, targets: Any, numbers: Any) -> list[dict[str, Any]]:
            made.extend(numbers)
            return [call(target, number) for target, number in zip(targets, numbers, strict=True)]

    monkeypatch.setattr(availability_intervals, "ProcessPoolExecutor", Serial)
    out = tmp_path / "found.jsonl"
    words = ["--target", "single", "--repetitions", "1", "--out", str(out)]
    main(words)
    first = out.read_text()
    out.write_text(first + '{"target": "sing')
    main(words)
    assert (made, out.read_text()) == ([0, 1], first)
    assert [json.loads(text)["repetition"] for text in first.splitlines()] == [0, 1]


def test_rows_of_other_targets_stay_in_the_table() -> None:
    rows = "| target |\n|---|\n| `raft` | both |\n| `single` | both |\n\nA repetition takes 1 s."
    page = f"| `raft` | elsewhere |\n{BEGIN}\n{rows}\n{END}\n| `raft` | elsewhere |\n"
    assert rows_of_others(page, ["single"]) == ["| `raft` | both |"]
    assert "\n| `raft` | both |" in table([], ["| `raft` | both |"])
