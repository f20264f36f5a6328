"""Rows of docs/known-bugs.md: each is a command that exists, and the page shows them all."""

import shlex
from pathlib import Path

import pytest
from bug_rows import page_runs, table
from known_bugs import ROWS
from page import replace_rows

from splitbrain import registry
from splitbrain.cli.run import run
from splitbrain.harness.generator.schedule import schedule
from splitbrain.harness.options import settle
from splitbrain.textbook.known_bugs import EITHER, INVALID, VALID, KnownAnswer

PAGE = (Path(__file__).parents[2] / "docs" / "known-bugs.md").read_text()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_command_of_a_row_is_one(row: KnownAnswer) -> None:
    given = run.make_context("run", shlex.split(row.command)[2:]).params
    target, workload = registry.target(given["target"]), registry.workload(given["workload"] or "register")
    assert not registry.missing(workload, target)
    settle(workload.options, registry.assignments(",".join(given["settings"]), "--set"), row.name)
    nodes = [f"n{i + 1}" for i in range(given["nodes"])]
    faults = registry.parse_faults(given["nemesis"])[0]
    planned = schedule(
        faults, nodes, given["time_limit"], 1,
        interval_s=given["nemesis_interval"], duration_s=given["nemesis_duration"],
    )  # fmt: skip
    assert not planned.missing
    assert row.expected in (VALID, INVALID, EITHER)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_page_shows_the_row_and_its_command(row: KnownAnswer) -> None:
    assert f"| `{row.name}` | {row.shows} | {row.expected} |" in PAGE
    assert f"{row.name:<18}{row.command}\n" in PAGE


def test_the_table_counts_verdicts() -> None:
    seen = [
        {"row": "stale", "verdict": verdict, "operations": operations, "date": date, "wall_s": seconds}
        for verdict, operations, date, seconds in (
            ("invalid", 5000, "2026-01-02", 60),
            ("valid", 7000, "2026-01-01", None),
        )
    ]
    line = table(ROWS, seen)[2]
    assert line.endswith("| invalid 1, valid 1 of 2 | 5 | 60 | 6,000 | 2026-01-02 |")


def test_lines_are_put_in_place_of_those_of_the_same_row(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| row |\n|---|\n| `stale` | old |\n| `stale-2` | old |\n")
    replace_rows(page, ["| row |", "|---|", r"| `stale` | new \1 |", "", "```", "stale  splitbrain run"])
    assert page.read_text() == "| row |\n|---|\n| `stale` | new \\1 |\n| `stale-2` | old |\n"
    with pytest.raises(ValueError, match="0 lines that begin with"):
        replace_rows(page, ["| `none` | new |"])


def test_a_control_has_five_tries() -> None:
    assert all(row.runs >= 5 for row in ROWS if row.expected == VALID)


def test_the_runs_that_the_page_tells_of_are_those_of_its_lines() -> None:
    seen = list(page_runs(PAGE, ROWS))
    assert {run["row"] for run in seen} == {row.name for row in ROWS}
    for row in ROWS:
        line = table([row], seen)[2]
        assert f"{line}\n" in PAGE, line


def test_runs_of_another_command_do_not_count() -> None:
    row = ROWS[0]
    assert list(page_runs(PAGE.replace(row.command, f"{row.command} --seed 2"), [row])) == []
    line = (
        f"| `{row.name}` | {row.shows} | {row.expected} | | exit code 3 1, valid 2 of 3 | – | 34 | 1,024 | 2026-01-01 |"
    )
    seen = list(page_runs(f"{line}\n\n```\n{row.name:<18}{row.command}\n```\n", [row]))
    assert [run["verdict"] for run in seen] == ["exit code 3", "valid", "valid"]
    assert {(run["operations"], run["wall_s"]) for run in seen} == {(1024, 34)}
