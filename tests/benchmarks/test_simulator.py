"""The benchmark of the simulator, in short: it runs, and prints a row for each target and length."""

import json

import pytest
import simulator


def test_it_prints_a_row_for_each_target_and_length(capsys: pytest.CaptureFixture[str]) -> None:
    simulator.main(["--json", "--seconds", "0.2", "0.4", "--runs", "1", "--messages", "200"])
    figures = json.loads(capsys.readouterr().out)
    rows = figures["operations"]
    assert [(row["target"], row["virtual_seconds"]) for row in rows] == [
        ("single", 0.2), ("single", 0.4), ("raft", 0.2), ("raft", 0.4),
    ]  # fmt: skip
    assert all(row["status"] == "valid" and row["operations"] > 50 and row["whole"] > 1 for row in rows)
    assert figures["runs_a_minute"] > 0
    assert figures["messages_per_second"] > 0
