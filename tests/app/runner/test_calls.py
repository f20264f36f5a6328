"""Runs as calls: nothing printed, nothing exits; from threads, other processes and pytest itself."""

import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from splitbrain import RunSpec, check, run
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import HistoryError, InfrastructureError, UsageError
from splitbrain.harness.progress import Progress
from splitbrain.results.result import RunStatus

local = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")


def status_of(spec: RunSpec, out: Path) -> str:
    """Tests of calls from threads."""
    return run(spec, out=out).status.value


def test_a_run_returns_what_came_of_it(tmp_path, capfd):
    finished = run("raft", workload="register", time_limit=3, seed=1, settings={"values": 3}, out=tmp_path)
    assert finished.status is RunStatus.VALID and finished.folder.report_path.is_file()
    assert finished.command == "splitbrain run raft --workload register --time-limit 3 --set values=3 --seed 1"
    assert check(finished.history(), "cas-register").status is RunStatus.VALID
    assert check(finished.folder.recorded(), "cas-register", settings={"initial": "nil"}).record is None
    assert capfd.readouterr() == ("", "")


def test_a_specification_is_run_with_changes(tmp_path):
    spec = RunSpec("raft", time_limit=2, seed=1)
    first, second = (run(spec, seed=seed, out=tmp_path).result.record for seed in (1, 2))
    assert first is not None and second is not None and (first.seed, second.seed) == (1, 2)
    repeated = run(first.spec, out=tmp_path)
    assert repeated.result.summary.counts == run(spec, out=tmp_path).result.summary.counts


def test_wrong_use_is_an_exception(tmp_path):
    for wrong in ({"nemesis": "nonsense"}, {"env": "moon"}, {"nodes": 0}):
        with pytest.raises(UsageError):
            run("raft", out=tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_runs_at_once_in_threads(tmp_path):
    with ThreadPoolExecutor(2) as threads:
        specs = [RunSpec("single", time_limit=2, seed=seed) for seed in range(4)]
        assert list(threads.map(status_of, specs, [tmp_path] * 4)) == ["valid"] * 4


@local
def test_a_local_run_under_pytest_keeps_the_caller_informed(tmp_path, capfd):
    progress = Progress()
    finished = run("raft", env="local", nodes=3, time_limit=2, seed=1, out=tmp_path, progress=progress)
    assert finished.status is RunStatus.VALID
    assert finished.result.summary.operations > 0 and finished.folder.path.is_relative_to(tmp_path)
    assert progress.ok > 0
    assert 0 < finished.folder.verdict()["coverage"]["round_trip_us"] < 1_000_000
    assert capfd.readouterr() == ("", "")


@local
def test_a_local_run_from_a_thread(tmp_path):
    found: list[str] = []
    spec = RunSpec("single", env="local", nodes=1, time_limit=1, seed=1)
    thread = threading.Thread(target=lambda: found.append(status_of(spec, tmp_path)))
    thread.start()
    thread.join()
    assert found == ["valid"]


@local
def test_a_local_run_from_a_pool_of_processes(tmp_path):
    spec = RunSpec("single", env="local", nodes=1, time_limit=1, seed=1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert processes.submit(run, spec, out=tmp_path).result().status is RunStatus.VALID


@local
def test_a_local_run_runs_nothing_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "click.py").write_text("raise SystemExit(1)\n")
    (tmp_path / "msgspec.py").write_text("raise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert run("single", env="local", nodes=1, time_limit=1, seed=1).status is RunStatus.VALID


@local
def test_a_run_whose_process_is_killed_is_no_verdict(tmp_path, monkeypatch):
    """Kill it as an OOM killer would, once its folder is there."""
    (tmp_path / "store_that_dies.py").write_text(
        "import os, signal\n"
        "from splitbrain.targets.stores import Single\n"
        "class Dies(Single):\n"
        "    def client(self, node):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InfrastructureError, match=r"was killed by signal 9 .*no verdict; what it recorded is in out/"):
        run("store_that_dies:Dies", env="local", nodes=1, time_limit=1, seed=1, out="out")


@local
def test_an_error_inside_is_the_callers(tmp_path, monkeypatch):
    (tmp_path / "somewhere.py").write_text(
        "import os\nfrom splitbrain.targets.stores import Single\n"
        "if 'SPLITBRAIN_NAMESPACE' in os.environ:\n    raise ValueError('not here')\n"
        "class Fails(Single):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="ValueError: not here"):
        run("somewhere:Fails", env="local", nodes=1, time_limit=1, seed=1, out="out")


def test_signals_are_as_they_were(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run("single", time_limit=1, seed=1, out=tmp_path)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_history_is_checked_as_leniently_as_the_command_does(tmp_path):
    (tmp_path / "h.txt").write_text("0 :invoke :add 1\n0 :info :add 1\n0 :invoke :read nil\n0 :ok :read #{2}\n")
    with pytest.raises(HistoryError, match="--lenient"):
        check(tmp_path / "h.txt", "set")
    assert check(tmp_path / "h.txt", "set", lenient=True).status == "invalid"
