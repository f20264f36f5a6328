"""The comparison of guided campaigns with plain seeds: its table, and that both are hunted alike."""

from collections.abc import Mapping
from typing import Any

import guide


def line(bug: str, arm: str, runs: int, *, found: bool = True, start: int = 1) -> Mapping[str, Any]:
    return {"bug": bug, "start": start, "arm": arm, "found": found, "runs": runs, "cpu": runs / 2, "by": None}


def test_the_table_has_a_row_a_bug_and_counts_who_needed_fewer() -> None:
    lines = [
        line("a", "seeds", 10),
        line("a", "guided", 6),
        line("b", "seeds", 8),
        line("b", "guided", 50, found=False),
    ]
    told, _, *rows = guide.table(lines, 50).splitlines()
    assert "2 hunts of each kind, of 50 runs at most. On average 9.0 runs by seeds and 28.0 guided" in told
    assert "seeds needed fewer in 1 hunts, the guide in 1." in told
    assert rows[2:] == [
        "| `a` | 1 of 1 | 1 of 1 | 10 | 6 | 5.0 | 3.0 |",
        "| `b` | 1 of 1 | 0 of 1 | 8 | 50 | 4.0 | 25.0 |",
    ]


def test_both_ways_end_with_the_first_run_that_is_refuted() -> None:
    seeds, guided = guide.tried("single:bug=no-deduplication", 0, 3)
    assert (seeds["arm"], guided["arm"]) == guide.ARMS
    assert seeds["found"] and guided["found"] and seeds["runs"] == guided["runs"] == 1 and guided["by"] is None
