"""Shrinking: a run of more than a thousand operations to a few, whose test fails until the bug is mended."""

import subprocess
import sys

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.shrinking.regression import shrink

BROKEN = "primary-backup:failover=timeout"


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory):
    spec = RunSpec(BROKEN, nemesis="partition", time_limit=10, seed=1)
    run = execute(plan(spec), tmp_path_factory.mktemp("runs"))
    told = []
    return run, shrink(run.folder.path, 600, tell=told.append), told


def test_few_operations_and_faults_are_left(shrunk):
    run, found, told = shrunk
    assert found.before.operations == run.result.summary.operations > 1_000
    assert found.after.operations <= 8
    assert found.after.faults <= 2
    assert found.complete
    assert told


def test_the_same_check_is_refuted(shrunk):
    _, found, _ = shrunk
    assert found.run.status == "invalid"
    assert found.target.check in [
        check["name"] for check in found.run.result.headline()["checks"] if check["verdict"] == "invalid"
    ]
    assert found.run.result.summary.operations == found.after.operations


def test_the_files_stand_beside_the_original(shrunk):
    run, found, _ = shrunk
    folder = found.run.folder.path
    assert folder.parent == run.folder.path.parent
    assert {"schedule.toml", "test_regression.py", "report.html", "test.toml"} <= {
        path.name for path in folder.iterdir()
    }


@pytest.mark.parametrize(("target", "code"), [(BROKEN, 1), ("primary-backup", 0)])
def test_the_written_test_fails_until_the_bug_is_mended(shrunk, tmp_path, target, code):
    _, found, _ = shrunk
    text = (found.run.folder.path / "test_regression.py").read_text()
    (tmp_path / "test_regression.py").write_text(text.replace(f'TARGET = "{BROKEN}"', f'TARGET = "{target}"'))
    (tmp_path / "schedule.toml").write_text((found.run.folder.path / "schedule.toml").read_text())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr


def test_what_is_valid_cannot_be_shrunk(tmp_path):
    run = execute(plan(RunSpec("raft", workload="register", time_limit=3, seed=1)), tmp_path)
    with pytest.raises(UsageError, match="only what is invalid can be shrunk, and this run is valid"):
        shrink(run.folder.path)
