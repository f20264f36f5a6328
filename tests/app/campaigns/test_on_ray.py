"""Campaigns on a real Ray of two workers on this machine."""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from splitbrain import campaign
from splitbrain.campaigns.on_ray import packed, unpacked
from splitbrain.campaigns.tasks import RunLine, Task
from splitbrain.cli import command
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RunFolder
from splitbrain.runner.spec import RunSpec

RAY_TASK = "ray::carry_out_shipped"
"""Ray's name of a process that carries out a task of ours."""


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers."""
    found = pytest.importorskip("ray", reason="comes with the extra 'ray'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield found
    found.shutdown()


def busy_workers():
    """Processes of Ray below this one that carry out a task of ours."""
    parents, names = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(place.name)] = (place / "cmdline").read_bytes().decode(errors="replace")

    def ours(process):
        return process == os.getpid() or (process in parents and ours(parents[process]))

    return [process for process, name in names.items() if name.startswith(RAY_TASK) and ours(process)]


def killer(until, most):
    """Kill workers with SIGKILL while they carry out a task, so many at most, until it is over."""
    killed = []
    while not until.is_set() and len(killed) < most:
        # One that was killed stays for a moment on a busy machine.
        for process in [worker for worker in busy_workers() if worker not in killed][: most - len(killed)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                killed.append(process)
        until.wait(0.05)
    return killed


def with_killer(most, tests, out):
    """The result of a campaign on Ray while workers are killed, and who was."""
    over, killed = threading.Event(), []
    thread = threading.Thread(target=lambda: killed.extend(killer(over, most)))
    thread.start()
    try:
        result = campaign({"test": tests}, out=out, on="ray", jobs=2)
    finally:
        over.set()
        thread.join()
    return result, killed


@pytest.mark.timeout(400)
def test_two_workers_one_killed_in_the_middle_lose_nothing_and_run_nothing_twice(ray, tmp_path):
    common = {"nemesis": "partition", "time-limit": 20, "workload": "register", "seeds": 3}
    tests = [{**common, "target": "raft"}, {**common, "target": "raft:reads=local", "expect": "invalid"}]
    result, killed = with_killer(1, tests, tmp_path)
    assert len(killed) == 1
    assert result.status == "valid", [line.reason for line in result.lines]
    assert len({line.key for line in result.lines}) == len(result.lines) == 6
    for line in result.tests[1].lines:
        folder = RunFolder.open(Path(line.run))
        assert tmp_path in folder.path.parents
        assert folder.record().seed == line.key[1] and folder.verdict()["verdict"] == "invalid"
        assert folder.report_path.is_file() and folder.recorded().is_file()
    again = campaign({"test": [tests[1]]}, out=tmp_path / "here")
    assert [line.plain["token"] for line in again.lines] == [line.plain["token"] for line in result.tests[1].lines]
    assert [line.reason for line in again.lines] == [line.reason for line in result.tests[1].lines]


@pytest.mark.timeout(400)
def test_a_task_whose_worker_is_lost_twice_is_infrastructure(ray, tmp_path):
    test = {"target": "raft", "nemesis": "partition", "time-limit": 300, "seeds": 1}
    result, killed = with_killer(2, [test], tmp_path)
    (line,) = result.lines
    assert len(killed) == 2
    assert line.status == "infrastructure"
    assert line.reason.startswith("the worker of Ray that carried it out was lost or failed, 2 times")


def test_two_folders_of_one_name_do_not_meet(tmp_path):
    task = Task("t", RunSpec("raft", seed=1), "valid", tmp_path, "all")
    (tmp_path / "came" / "raft" / "register" / "stamp").mkdir(parents=True)
    (tmp_path / "came" / "raft" / "register" / "stamp" / "verdict.json").write_text("{}")
    plain = {"run": str(tmp_path / "came" / "raft" / "register" / "stamp")}
    archive = packed(RunLine(plain))
    folders = [unpacked(task, plain, archive).run for _ in range(2)]
    assert folders == [str(tmp_path / "raft" / "register" / name) for name in ("stamp", "stamp.2")]
    assert all(json.loads((Path(folder) / "verdict.json").read_text()) == {} for folder in folders)


def test_a_place_that_there_is_none_of_is_refused(tmp_path, capsys):
    with pytest.raises(UsageError, match="local, ray or ray://HOST:PORT"):
        campaign({"test": [{"target": "raft"}]}, out=tmp_path, on="kubernetes")
    (tmp_path / "c.toml").write_text('[[test]]\ntarget = "raft"\n')
    assert command(["campaign", str(tmp_path / "c.toml"), "--out", str(tmp_path), "--on", "moon"]) == 254


def test_without_ray_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'splitbrain\[ray\]'"):
        campaign({"test": [{"target": "raft"}]}, out=tmp_path, on="ray")
    assert not list(tmp_path.iterdir())
