"""Workers of a campaign, seen from the threads that they serve."""

import time

import pytest

from splitbrain.campaigns import executor
from splitbrain.campaigns.executor import TaskInterrupted, TaskLimits, WorkerPool
from splitbrain.campaigns.tasks import Task
from splitbrain.results.result import RunStatus
from splitbrain.runner.spec import RunSpec

STARTING = "import sys, time; sys.stderr.write('starting\\n'); sys.stderr.flush(); time.sleep(60)"


def test_a_worker_that_is_interrupted_while_it_starts_says_nothing(monkeypatch, capfd, tmp_path):
    monkeypatch.setattr(executor, "WORKER", ("-c", STARTING))
    pool = WorkerPool(1, TaskLimits(lambda task: 60.0))
    future = pool.submit(Task("good", RunSpec("single", seed=1), "valid", tmp_path, "none"))
    said = ""
    while "starting" not in said:
        said += capfd.readouterr().err
        time.sleep(0.01)
    pool.interrupt()
    with pytest.raises(TaskInterrupted):
        future.result(60)
    pool.shutdown()
    assert said + capfd.readouterr().err == "starting\n"


def test_a_worker_that_has_no_memory_for_a_thread_is_told_so(capfd, tmp_path):
    pool = WorkerPool(1, TaskLimits(lambda task: 60.0, 1))
    line = pool.submit(Task("good", RunSpec("single", seed=1, time_limit=1), "valid", tmp_path, "none")).result(60)
    pool.shutdown()
    assert line.status is RunStatus.INFRASTRUCTURE and "needed more than" in line.reason
    assert capfd.readouterr().err == ""
