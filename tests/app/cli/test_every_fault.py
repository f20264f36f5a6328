"""The store of the README and stores of ours under every fault, shortly: a verdict or one sentence, never a crash."""

from pathlib import Path

import pytest

from splitbrain import registry

ROOT = Path(__file__).parents[3]
ANSWERS = (0, 1, 2, 254)
"""Valid, invalid, unknown; 254 for a fault that cannot be done to the target, which is told before anything starts."""
SIMULATED = (
    "partition", "kill", "pause", "clock", "packet", "disk", "stop", "powerloss", "fake-sync", "eio", "enospc",
    "bitflip", "truncate", "corrupt", "client", "gray", "limp", "adversary", "clock-rate",
)  # fmt: skip
TARGETS = (f"{ROOT}/examples/islands.py:Islands", "raft", "primary-backup:failover=timeout")


@pytest.mark.parametrize("fault", registry.fault_factories())
def test_each_fault_by_itself(splitbrain, fault, tmp_path):
    for target in TARGETS:
        words = ("--env", "sim", "--nemesis", fault, "--time-limit", "3", "--nemesis-interval", "1")
        said = splitbrain("run", target, *words, "--nemesis-duration", "0.5", "--seed", "1", "--out", tmp_path)
        assert said.code in ANSWERS, said.err
        assert "Traceback" not in said.err and "internal error" not in said.err
        assert said.code != 254 or (said.err.count("\n") == 1 and fault in said.err), said.err


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.rpartition("/")[2])
@pytest.mark.parametrize("nemesis", ["all", "every"])
def test_many_faults_one_after_the_other(splitbrain, target, nemesis, tmp_path):
    words = ("--env", "sim", "--nemesis", nemesis, "--time-limit", "6", "--nemesis-interval", "0.5")
    said = splitbrain("run", target, *words, "--nemesis-duration", "0.4", "--seed", "2", "--out", tmp_path)
    assert said.code in ANSWERS[:3], said.err
    assert "Traceback" not in said.err and "internal error" not in said.err


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.rpartition("/")[2])
@pytest.mark.parametrize("seed", [1, 2])
def test_overlapping_faults(splitbrain, target, seed, tmp_path):
    """Storms of everything there is, on more and fewer nodes than usual."""
    nemesis = f"storm,{','.join(SIMULATED)}"
    words = ("--env", "sim", "--nemesis", nemesis, "--time-limit", "6", "--nodes", str(seed * 2))
    said = splitbrain("run", target, *words, "--seed", str(seed), "--out", tmp_path)
    assert said.code in ANSWERS[:3], said.err
    assert "Traceback" not in said.err and "internal error" not in said.err
