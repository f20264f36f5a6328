"""Replay: the same bytes, or from where on they differ."""

import gzip

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.replay import replay
from splitbrain.runner.spec import RunSpec

SPEC = RunSpec("raft", nemesis="partition", time_limit=2, rate=50, seed=11)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return execute(plan(SPEC), tmp_path_factory.mktemp("runs"))


def test_of_a_folder(run, tmp_path):
    again = replay(str(run.folder.path), tmp_path)
    assert again.same
    assert again.first == run.folder.path


def test_of_a_token(run, tmp_path):
    again = replay(run.result.record.token, tmp_path)
    assert again.same
    assert again.first is None
    assert again.again.folder.recorded().read_bytes() == run.folder.recorded().read_bytes()


def test_a_difference_is_told(tmp_path):
    run = execute(plan(SPEC), tmp_path)
    path = run.folder.recorded()
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:5] + lines[6:])))
    assert replay(str(run.folder.path), tmp_path).event == 5


def test_another_version_is_named(tmp_path):
    run = execute(plan(SPEC), tmp_path)
    path = run.folder.path / "test.toml"
    path.write_text(path.read_text().replace('splitbrain = "', 'splitbrain = "0.0.', 1))
    with pytest.raises(UsageError, match=r"repeat it with pip install splitbrain==0\.0\."):
        replay(str(run.folder.path), tmp_path)
