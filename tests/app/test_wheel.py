"""The wheel in an empty environment outside of the repository: campaign, baseline, plugin, shrink, example for CI."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "ci"
TEST = """
import pytest

FIELDS = {"workload": "register", "nemesis": "partition", "time_limit": 6}


@pytest.mark.splitbrain(target="raft", runs=2, **FIELDS)
def test_a_correct_store(splitbrain):
    assert len(splitbrain.results) == 2


@pytest.mark.splitbrain(target="raft:reads=local", runs=3, **FIELDS)
def test_a_broken_store():
    pass
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc not found: install gcc"),
]


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that holds the wheel, what it needs, and pytest."""
    place = tmp_path_factory.mktemp("wheel")
    if subprocess.run(["git", "clone", "-q", ROOT, place / "clone"], check=False).returncode:
        pytest.skip("not a git checkout")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", place, place / "clone"], check=True, capture_output=True
    )
    shutil.rmtree(place / "clone")
    venv.create(place / "environment", with_pip=True)
    found = place / "environment" / "bin"
    subprocess.run([found / "pip", "install", "-q", next(place.glob("*.whl")), "pytest"], check=True)
    return found


def called(binaries: Path, where: Path, words: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """A command of the environment, in a folder of somebody's own."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables["PATH"] = f"{binaries}{os.pathsep}{variables['PATH']}"
    return subprocess.run([*map(str, words)], cwd=where, env=variables, capture_output=True, text=True, check=False)


def test_all_of_it_works(binaries: Path, tmp_path: Path) -> None:
    for name in ("campaign.sh", "campaign.toml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "test_stores.py").write_text(TEST)

    done = called(binaries, tmp_path, ["sh", "campaign.sh", "--write-baseline", "baseline.toml"])
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("as expected\n")
    latest = tmp_path / "campaigns" / "latest"
    for name in ("junit.xml", "summary.md", "report.html", "runs.jsonl"):
        assert (latest / name).is_file()
    done = called(binaries, tmp_path, ["splitbrain", "compare", latest, "baseline.toml"])
    assert done.returncode == 0, done.stdout + done.stderr

    done = called(binaries, tmp_path, ["pytest", "-q", "test_stores.py"])
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout, done.stdout
    assert "repeat with: splitbrain run raft:reads=local" in done.stdout

    lines = map(json.loads, (latest / "runs.jsonl").read_text().splitlines())
    run = next(line["run"] for line in lines if line["verdict"] == "invalid")
    done = called(binaries, tmp_path, ["splitbrain", "shrink", run, "--budget", "60s"])
    assert done.returncode == 0, done.stdout + done.stderr
    done = called(binaries, tmp_path, ["pytest", "-q", f"{run}-shrunk/test_regression.py"])
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout
    assert called(binaries, tmp_path, ["splitbrain", "replay", run]).returncode == 0
