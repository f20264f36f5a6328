"""Tests of the table of planted bugs, what was found and what was missed, and of the real ones that the page names."""

import re

import pytest
from bug_zoo import PAGE, standing, table, written

from splitbrain.zoo import HUNTED, hunt_plans

PLANS = [one for one in hunt_plans(HUNTED, aimed=False) if one.bug is not None]


def test_the_table_has_a_row_for_each_bug_that_was_hunted() -> None:
    found = {"found": True, "by": "registers", "seed": 3, "seeds": 3, "cpu_seconds": 4.25}
    missed = {"found": False, "by": None, "seed": None, "seeds": 12, "cpu_seconds": 20.0}
    lines = table(PLANS, {PLANS[0].target: found, PLANS[2].target: missed}).splitlines()
    assert lines[0] == (
        "1 of 2 found, the median of these after 4.2 CPU seconds; no other was hunted for more than 20."
    )
    assert lines[4].startswith(f"| `{PLANS[0].target}` | ") and lines[4].endswith("| registers | 3 | 4.2 |")
    assert lines[5].startswith(f"| `{PLANS[2].target}` | ") and lines[5].endswith("| missed | – | 20.0 (12 runs) |")
    assert lines[6:] == ["", "What is missed, and why:", "", f"- `{PLANS[2].target}`: nothing is known of why."]


def test_a_bug_that_is_rarely_found_says_why() -> None:
    rare = next(one for one in PLANS if one.bug is not None and one.bug.rare)
    assert rare.bug is not None
    line = {"found": False, "by": None, "seed": None, "seeds": 12, "cpu_seconds": 20.0}
    assert table(PLANS, {rare.target: line}).endswith(f"- `{rare.target}`: {rare.bug.rare}.")


def test_the_table_takes_the_place_of_the_old_one() -> None:
    page = written(PAGE.read_text(), "a table")
    assert written(page, "a table") == page
    assert "a table" in page
    with pytest.raises(ValueError, match="begin"):
        written("no place", "a table")


def test_rows_that_stand_in_a_page_stay() -> None:
    page = PAGE.read_text()
    lines = standing(page)
    assert {line["found"] for line in lines.values()} == {True, False}
    assert written(page, table(PLANS, lines)) == page


def test_the_page_names_bugs_that_there_are() -> None:
    named = re.findall(r"^\| `([^`]+:[^`]*bug=[^`]+)` ", PAGE.read_text(), re.MULTILINE)
    assert named
    assert set(named) <= {one.target for one in PLANS}
