"""Jepsen's workloads of transactions on two-phase-commit, and transfers on saga."""

from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.results.result import Result, RunStatus


def judged(target: str, workload: str | None, out: Path, seed: int = 1, **more: Any) -> Result:
    fields: dict[str, Any] = {"nemesis": "partition,kill,packet", "time_limit": 5.0, **more}
    return run(target, workload=workload, seed=seed, out=out, **fields).result


@pytest.mark.parametrize("workload", ["bank", "long-fork", "g2"])
def test_serializable_transactions_pass(workload: str, tmp_path: Path) -> None:
    result = judged("two-phase-commit", workload, tmp_path)
    assert result.status is RunStatus.VALID, result.reason


def test_no_dirty_read_though_transactions_fail(tmp_path: Path) -> None:
    result = judged("two-phase-commit:isolation=read-committed", "dirty-reads", tmp_path)
    assert result.status is RunStatus.VALID, result.reason
    assert result.verdict is not None and result.verdict.children[0].details["inconsistent_reads"]


@pytest.mark.parametrize(
    ("target", "workload"),
    [
        ("two-phase-commit:isolation=read-committed", "bank"),
        ("two-phase-commit:isolation=snapshot", "g2"),
        ("two-phase-commit:isolation=read-committed,bug=dirty-read", "dirty-reads"),
        ("saga:dedup=none", "transfers"),
        ("saga", "bank"),
    ],
)
def test_what_is_let_through_is_found(target: str, workload: str, tmp_path: Path) -> None:
    found = [judged(target, workload, tmp_path, seed, nemesis="packet").status for seed in range(1, 4)]
    assert RunStatus.INVALID in found


@pytest.mark.parametrize("style", ["orchestration", "choreography"])
def test_sagas_keep_all_money(style: str, tmp_path: Path) -> None:
    result = judged(f"saga:style={style}", None, tmp_path)
    assert result.status is RunStatus.VALID, result.reason
    assert result.verdict is not None and result.verdict.children[0].details["intermediate_reads"]
