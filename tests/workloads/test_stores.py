"""Workloads on own stores in the simulator, under faults: correct stores pass, broken ones are refuted."""

from pathlib import Path

import pytest

import splitbrain
from splitbrain import registry
from splitbrain.results.result import Result

WORKLOADS = ("set", "list", "counter")


def run(
    target: str, workload: str, nemesis: str, out: Path, seed: int = 1, seconds: float = 12.0, **settings: str
) -> Result:
    return splitbrain.run(
        target, seed=seed, workload=workload, nemesis=nemesis, time_limit=seconds, settings=settings, out=out
    ).result


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("target", ["raft", "single"])
def test_what_keeps_its_promise_passes(target: str, workload: str, tmp_path: Path) -> None:
    result = run(target, workload, "partition,kill,pause", tmp_path)
    assert result.status.value == "valid", result.reason


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_store_with_two_primaries_is_refuted(workload: str, tmp_path: Path) -> None:
    result = run("primary-backup:failover=timeout", workload, "partition", tmp_path)
    assert result.status.value == "invalid", result.reason
    assert result.verdict is not None
    assert result.verdict.reason == result.reason


def test_a_store_that_forgets_is_refuted_by_its_final_reads(tmp_path: Path) -> None:
    result = run("raft:disk=memory", "set", "kill", tmp_path, seconds=30.0)
    assert result.status.value == "invalid", result.reason


def test_reads_all_along_are_judged_too(tmp_path: Path) -> None:
    result = run("raft", "set", "partition", tmp_path, read_share="0.1", fresh="on")
    assert result.status.value == "valid", result.reason
    assert result.verdict is not None
    assert [child.checker for child in result.verdict.children] == ["set", "set-full", "audit", "invariants", "service"]
    stale = run("raft:reads=local", "set", "partition", tmp_path, read_share="0.1", fresh="on")
    assert stale.status.value == "invalid", stale.reason


@pytest.mark.parametrize(("former", "now"), registry.FORMER_WORKLOADS.items())
def test_a_former_name_is_understood_and_told(former: str, now: str, tmp_path: Path) -> None:
    result = run("raft", former, "", tmp_path, seconds=2.0)
    assert result.record is not None and result.record.workload == now
    assert f"workload {former} is called {now} now" in result.notes


@pytest.mark.parametrize(("name", "ours"), registry.SYNONYMS.items())
def test_a_synonym_is_understood_and_told(name: str, ours: str, tmp_path: Path) -> None:
    result = run("raft", name, "", tmp_path, seconds=2.0)
    assert result.record is not None and result.record.workload == ours
    assert f"workload {name} is workload {ours} here" in result.notes


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_raft_passes_under_all_faults_with_many_seeds(workload: str, tmp_path: Path) -> None:
    for seed in range(10):
        result = run("raft", workload, "all", tmp_path, seed=seed)
        assert result.status.value == "valid", f"seed {seed}: {result.reason}"
