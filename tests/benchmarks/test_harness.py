"""Can the harness still be measured? A short measurement with a target that does nothing."""

from pathlib import Path

import harness


def test_operations_are_counted_by_both_clocks(tmp_path: Path) -> None:
    by_wall, by_processor = harness.measure(0.2, tmp_path)
    assert by_wall > 0 and by_processor > 0
    (written,) = tmp_path.glob("history.jsonl*")
    assert written.stat().st_size > 0
