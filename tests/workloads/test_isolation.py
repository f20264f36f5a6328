"""two-phase-commit at every isolation: its claim holds under faults, and what a weaker level lets through shows."""

from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.checkers.lattice import spectrum_in
from splitbrain.results.result import Result, RunStatus

LEVELS = ("read-committed", "2pl", "snapshot", "ssi", "serial")
FAULTS = "partition,kill,pause,packet,clock"


def judged(isolation: str, out: Path, seed: int, **more: Any) -> Result:
    fields: dict[str, Any] = {"nemesis": FAULTS, "time_limit": 8.0, "workload": "list-append", **more}
    return run(f"two-phase-commit:isolation={isolation}", seed=seed, out=out, **fields).result


def shown(isolation: str, level: str, out: Path, seeds: int = 20) -> Result:
    """The first run that refutes a level."""
    for seed in range(1, seeds + 1):
        result = judged(isolation, out, seed, settings={"consistency": level})
        if result.status is RunStatus.INVALID:
            return result
    raise AssertionError(f"{level} was not refuted with {seeds} seeds")


@pytest.mark.parametrize("isolation", LEVELS)
def test_what_is_claimed_holds(isolation: str, tmp_path: Path) -> None:
    result = judged(isolation, tmp_path, 1, model="claim")
    assert result.status is RunStatus.VALID, result.reason


def test_read_committed_is_no_snapshot_isolation(tmp_path: Path) -> None:
    found = shown("read-committed", "snapshot-isolation", tmp_path)
    assert "snapshot-isolation" in spectrum_in(found.verdict)["refuted"]


def test_a_snapshot_has_write_skew_and_is_snapshot_isolation(tmp_path: Path) -> None:
    details = spectrum_in(shown("snapshot", "serializable", tmp_path).verdict)
    assert "strong-snapshot-isolation" in details["allowed"]
    assert "G2-item" in details["anomalies"]


@pytest.mark.parametrize("workload", ["rw-register"])
@pytest.mark.parametrize("isolation", ["2pl", "ssi"])
def test_registers_too(isolation: str, workload: str, tmp_path: Path) -> None:
    result = judged(isolation, tmp_path, 1, workload=workload, model="claim", time_limit=5.0)
    assert result.status is RunStatus.VALID, result.reason


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("isolation", LEVELS)
def test_what_is_claimed_holds_with_many_seeds(isolation: str, tmp_path: Path) -> None:
    for seed in range(60):
        result = judged(isolation, tmp_path, seed, model="claim", nemesis="all", time_limit=15.0)
        assert result.status is not RunStatus.INVALID, (seed, result.reason)
