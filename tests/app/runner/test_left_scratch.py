"""Scratch folders of simulated work: one for all runs of a process, gone with it, and swept if it was killed."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.campaigns.tasks import Task
from splitbrain.harness.environments.linux import scratch
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.zoo import _leave_nothing

RUN = """
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
with execute_in_memory(plan(RunSpec("raft", time_limit=1, seed=1))):
    {0}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of scratch folders."""
    monkeypatch.setattr(scratch, "parent", lambda: tmp_path)
    return tmp_path


def simulate() -> None:
    with execute_in_memory(plan(RunSpec("raft", time_limit=1, seed=1))):
        pass


@pytest.mark.parametrize(("ends", "code"), [("pass", 0), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL)])
def test_what_killed_simulated_work_has_left_is_swept_and_other_work_leaves_nothing(
    ends: str, code: int, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**os.environ, "TMPDIR": str(place)}
    assert subprocess.run([sys.executable, "-c", RUN.format(ends)], env=other, check=False).returncode == code
    assert len(list(place.iterdir())) == (1 if code else 0)
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", 0)
    with registry.scratch() as folder:
        assert folder.parent.parent == place and [*place.iterdir()] == [folder.parent]
    registry.end_scratch()
    assert not [*place.iterdir()]


def test_many_runs_of_a_process_sweep_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[int] = []
    monkeypatch.setattr(scratch, "abandoned", lambda: sweeps.append(1) or [])  # type: ignore[func-returns-value]
    for _ in range(3):
        simulate()
        (kept,) = place.iterdir()
        assert [one.name for one in kept.iterdir()] == ["lock"]
    assert len(sweeps) == 1
    registry.end_scratch()
    assert not [*place.iterdir()]


def test_processes_of_a_pool_leave_nothing(place: Path) -> None:
    with ProcessPoolExecutor(2, initializer=_leave_nothing) as pool:
        for one in [pool.submit(simulate) for _ in range(4)]:
            one.result()
    assert not [*place.iterdir()]


def test_a_worker_of_a_campaign_leaves_nothing(tmp_path: Path) -> None:
    other = {**os.environ, "TMPDIR": str(tmp_path)}
    task = Task("test", RunSpec("raft", time_limit=1, seed=1), "valid", tmp_path / "out", "none")
    lines = f"{json.dumps({'bytes': 1 << 33})}\n{json.dumps(task.to_plain())}\n"
    words = [sys.executable, "-m", "splitbrain.campaigns.worker"]
    with subprocess.Popen(words, env=other, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(lines)
        worker.stdin.flush()
        assert any('"done"' in line for line in iter(worker.stdout.readline, ""))
        assert list(tmp_path.glob("splitbrain-*"))
        worker.stdin.close()
    assert not [*tmp_path.iterdir()]
