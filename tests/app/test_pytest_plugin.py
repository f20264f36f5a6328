"""The pytest plugin, on the example of the documentation."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/test_front_doors.py"


def under_pytest(tmp_path, *words):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *words]
    keep = ["--splitbrain-regressions", str(tmp_path / "kept")]
    return subprocess.run(command + keep, capture_output=True, text=True, check=False, cwd=ROOT, env=dict(os.environ))


def test_broken_fails_with_its_witness_and_is_remembered_and_mended_passes(tmp_path):
    first = under_pytest(tmp_path, EXAMPLE)
    assert "1 failed, 1 passed" in first.stdout, first.stdout + first.stderr
    for words in ("cannot be placed", "repeat with: splitbrain run examples.front_doors:Broken", "report: ", "seed "):
        assert words in first.stdout
    (kept,) = (tmp_path / "kept").iterdir()
    text = kept.read_text()
    assert "[[failed]]" in text
    kept.write_text(text.replace("seed = ", "seed = 77"))
    again = under_pytest(tmp_path, EXAMPLE, "-k", "broken")
    assert "seed 77" in again.stdout


def test_seed_runs_and_xdist(tmp_path):
    done = under_pytest(tmp_path, EXAMPLE, "-k", "mended", "--splitbrain-seed", "5", "-n", "1")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_nothing_is_imported_until_it_is_used():
    code = (
        "import sys, pytest; from splitbrain import pytest_plugin; "
        "print([name for name in sys.modules if name.startswith(('splitbrain.harness', 'splitbrain.runner'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


BODY = """
import pytest

@pytest.mark.splitbrain(target="raft", nemesis="kill", time_limit=2, rate=20, runs=2)
def test_marker_and_run_by_hand(splitbrain):
    assert len(splitbrain.results) == 2
    assert splitbrain.run("single", time_limit=1, seed=4).status == "valid"
    assert splitbrain.result.result.seed == 4

@pytest.mark.splitbrain("rafd")
def test_marker_alone_tells_a_typo():
    pass
"""


def test_marker_and_run_by_hand(tmp_path):
    path = tmp_path / "test_it.py"
    path.write_text(BODY)
    done = under_pytest(tmp_path, f"--rootdir={tmp_path}", str(path))
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "did you mean raft" in done.stdout
    assert not (tmp_path / "kept").exists()
