"""Installing from a checkout: read-only, writable, without symbolic links; and what the source distribution holds."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOMEBODY = 61234

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed again by every other run of it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def clone(folder: Path) -> Path:
    done = subprocess.run(["git", "clone", "-q", ROOT, folder / "clone"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return folder / "clone"


def installed(python: Path, prefix: list[str], checkout: Path, folder: Path) -> None:
    """Install into a fresh environment, and see that the command starts and the kernel is there."""
    environment = folder / "environment"
    variables = {**os.environ, "HOME": str(folder), "PIP_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder)}
    for command in (
        [python, "-m", "venv", environment],
        [environment / "bin" / "pip", "install", "-q", "--disable-pip-version-check", checkout],
        [environment / "bin" / "splitbrain", "--version"],
        [environment / "bin" / "python", "-c", "import splitbrain.checkers.porcupine.kernel.search64"],
    ):
        done = subprocess.run(
            [*prefix, *map(str, command)], capture_output=True, text=True, check=False, env=variables, cwd=folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert not list(folder.glob("splitbrain-build-*"))


@pytest.mark.long
@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc not found: install gcc")
def test_a_checkout_that_may_not_be_written_to(place: Path) -> None:
    python, prefix = Path(sys.executable), []
    if os.getuid() == 0:
        prefix = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
        python = Path("/usr/bin/python3")
        probe = [*prefix, str(python), "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
        if shutil.which("setpriv") is None or subprocess.run(probe, check=False).returncode:
            pytest.skip("an ordinary user can run no Python of 3.11 here")
    checkout, folder = clone(place), place / "user"
    folder.mkdir()
    if prefix:
        os.chown(folder, SOMEBODY, SOMEBODY)
    subprocess.run(["chmod", "-R", "a-w,a+rX", checkout], check=True)
    try:
        installed(python, prefix, checkout, folder)
    finally:
        subprocess.run(["chmod", "-R", "u+w", checkout], check=True)


@pytest.mark.long
def test_nothing_lies_about_in_a_checkout_that_may_be(place: Path) -> None:
    checkout, folder = clone(place), place / "user"
    folder.mkdir()
    installed(Path(sys.executable), [], checkout, folder)
    told = subprocess.run(
        ["git", "status", "--short", "--ignored"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert sorted(told.stdout.split()[1::2]) == ["build/", "src/splitbrain.egg-info/"]


def test_a_clone_without_symbolic_links_is_told_how_to_mend_it(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    shutil.copy(ROOT / "setup.py", tmp_path)
    (tmp_path / "src" / "splitbrain").mkdir(parents=True)
    (tmp_path / "src" / "splitbrain" / "harness").write_text("../../harness")
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("src/splitbrain/harness is a file and not a link")
    assert "git config core.symlinks true" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.long
def test_the_source_distribution_holds_tests_examples_and_one_copy_of_each_room(place: Path) -> None:
    checkout = clone(place)
    subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "--outdir", place, checkout], check=True, capture_output=True
    )
    with tarfile.open(next(place.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ("LICENSE", "tests/conftest.py", "examples/islands.py", "src/splitbrain/harness/operation.py", "setup.py")
    assert [name for name in wanted if name not in names] == []
    assert not any(name.endswith((".so", ".c", ".pyc")) for name in names)
