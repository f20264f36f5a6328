"""The benchmark of the harness: a short measurement with a target that does nothing."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "harness.py"
"""Taken by its path, as a folder has its name, too."""


def test_operations_are_counted_by_both_clocks(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("benchmark_of_the_harness", SCRIPT)
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    by_wall, by_processor = benchmark.measure(0.2, tmp_path)
    assert by_wall > 0 and by_processor > 0
    (written,) = tmp_path.glob("history.jsonl*")
    assert written.stat().st_size > 0
