"""Runs that the seed alone fixes: two processes with different hash seeds agree, and another seed differs."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("gossip.py")


def trace(seed: int, hash_seed: int) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(seed)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_same_seed_same_trace_and_another_seed_another() -> None:
    first = trace(7, hash_seed=1)
    assert first == trace(7, hash_seed=2)
    assert first != trace(8, hash_seed=1)
    assert first.count("\n") > 1000
    healed = [line for line in first.splitlines() if line.startswith("healed")]
    assert len(healed) == 7
    assert not any(" 0)" in line for line in healed), "every injection bit"
