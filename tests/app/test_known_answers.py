"""Verdicts of whole runs on systems whose answer is known: correct stores under all faults, and stores with bugs.

The quick share runs always; the whole of it is marked long. A fresh range of seeds is no gain here: a seed that fails
must fail again tomorrow."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.results.result import Result, RunStatus

LEASE_BREAKER = "partition:topology=leader-isolated,clock-rate:kind=slow"
"""A leader that is slow and cut off trusts its lease for longer than the others wait."""


def results(
    tmp_path: Path, target: str, nemesis: str, seeds: range, time_limit: float = 15.0, **more: Any
) -> list[Result]:
    return [
        run(target, nemesis=nemesis, env="sim", time_limit=time_limit, seed=seed, out=tmp_path, **more).result
        for seed in seeds
    ]


def statuses(found: list[Result]) -> Counter[RunStatus]:
    return Counter(result.status for result in found)


def assert_never_refuted(found: list[Result], valid_at_least: int) -> None:
    counted = statuses(found)
    refuted = [(result.seed, result.reason) for result in found if result.status is RunStatus.INVALID]
    assert refuted == []
    assert counted[RunStatus.INFRASTRUCTURE] == 0
    assert counted[RunStatus.VALID] >= valid_at_least
    assert all(result.reason for result in found)
    notes = {note for result in found if result.status is RunStatus.VALID for note in result.notes}
    assert all(note.startswith("failed cas taken as observations") for note in notes), notes


@pytest.mark.parametrize("target", ["raft", "raft:reads=index"])
def test_correct_raft_is_never_refuted_under_all_faults(tmp_path, target):
    assert_never_refuted(results(tmp_path, target, "all", range(10)), valid_at_least=10)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", ["raft", "raft:reads=index"])
def test_correct_raft_is_never_refuted_under_all_faults_for_200_seeds(tmp_path, target):
    assert_never_refuted(results(tmp_path, target, "all", range(200)), valid_at_least=195)


@pytest.mark.parametrize("target", ["single", "primary-backup:replication=sync"])
def test_other_correct_stores_are_never_refuted(tmp_path, target):
    assert_never_refuted(results(tmp_path, target, "partition,kill,pause,clock", range(5)), valid_at_least=5)


@pytest.mark.parametrize(
    ("target", "nemesis"),
    [
        ("raft:reads=local", "partition"),
        ("raft:disk=memory", "kill"),
        ("single:sync=off", "kill"),
        ("primary-backup:failover=timeout", "partition"),
        ("primary-backup:reads=any", "partition"),
    ],
)
def test_a_store_that_lies_is_found_within_20_seeds(tmp_path, target, nemesis):
    seeds = iter(range(20))
    found = next(
        (result for seed in seeds for result in results(tmp_path, target, nemesis, range(seed, seed + 1))
         if result.status is RunStatus.INVALID), None,
    )  # fmt: skip
    assert found is not None and found.verdict is not None
    assert len(found.reason) > 20


@pytest.mark.long
def test_leases_hold_while_clocks_only_have_offsets(tmp_path):
    nemesis = "partition:topology=leader-isolated,clock:kind=offset"
    found = results(tmp_path, "raft:reads=lease", nemesis, range(4), time_limit=48.0, rate=300.0)
    assert_never_refuted(found, valid_at_least=4)


def test_leases_break_when_the_monotonic_clock_runs_slow(tmp_path):
    found = results(tmp_path, "raft:reads=lease", LEASE_BREAKER, range(4), time_limit=48.0, rate=300.0)
    assert statuses(found)[RunStatus.INVALID] > 0
