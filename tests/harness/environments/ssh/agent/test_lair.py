"""What a run leaves on a host is found by its name, and only if nobody holds it."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitbrain.harness.environments.ssh.agent import lair
from splitbrain.harness.errors import InfrastructureError

RUN = "0123abcd"


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of runs are, and no rules of the kernel are touched."""
    monkeypatch.setattr(lair, "PARENT", tmp_path)
    monkeypatch.setattr(lair, "drop_rules", lambda run: None)
    monkeypatch.setattr(lair, "_runs_with_rules", set)
    return tmp_path


@contextmanager
def sleeper(folder: Path, variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a session of its own, as the one of this test may be unknown here: id 0."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(["sleep", "60"], cwd=folder, env=environment, start_new_session=True) as process:
        while b"sleep" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
            time.sleep(0.001)
        try:
            yield process
        finally:
            process.kill()


def made(parent: Path, *, held: bool) -> tuple[Path, int]:
    """A run's folder, and its lock."""
    folder = lair.folder_of(RUN)
    folder.mkdir()
    lair.own(folder, "somebody")
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    if held:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def test_members_are_known_by_name_by_session_and_by_where_they_work(tmp_path: Path) -> None:
    folder = lair.folder_of(RUN)
    (folder / "n1").mkdir(parents=True)
    with (
        sleeper(tmp_path, {lair.MARK: RUN}) as named,
        sleeper(folder / "n1", {}) as inside,
        sleeper(tmp_path, {lair.MARK: RUN + "e"}) as other,
    ):
        assert lair.members(RUN) == [named.pid]
        assert lair.members(RUN, folder) == sorted([named.pid, inside.pid])
        assert lair.members(RUN, session=other.pid) == sorted([named.pid, other.pid])


def test_what_nobody_holds_is_removed_with_its_processes(parent: Path) -> None:
    folder, lock = made(parent, held=False)
    os.close(lock)
    with sleeper(folder, {}) as process:
        assert lair.sweep(parent / "mine") == [str(folder)]
        assert process.wait(timeout=10) == -9
    assert not folder.exists() and lair.sweep(parent / "mine") == []


def test_what_is_held_is_left_alone_unless_everything_is_to_go(parent: Path) -> None:
    holder = (
        "import fcntl, os, time; "
        f"lock = os.open({str(lair.folder_of(RUN) / 'lock')!r}, os.O_RDWR); fcntl.flock(lock, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(60)"
    )
    folder, lock = made(parent, held=False)
    os.close(lock)
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        about = (folder / lair.OWNER).read_text()
        (folder / lair.OWNER).write_text(about.replace(str(os.getpid()), str(process.pid)))
        with pytest.raises(InfrastructureError, match="in use by the run of somebody, since 20"):
            lair.sweep(parent / "mine")
        assert folder.exists() and process.poll() is None
        assert lair.sweep(parent / "mine", everything=True) == [str(folder)]
        assert process.wait(timeout=10) == -15 and not folder.exists()


def test_ones_own_folder_others_and_those_that_have_just_begun_are_left_alone(parent: Path) -> None:
    folder, lock = made(parent, held=True)
    (parent / f"{lair.PREFIX}not-ours").mkdir()
    assert lair.sweep(folder) == [] and folder.exists()
    os.close(lock)
    (folder / "lock").unlink()
    with pytest.raises(InfrastructureError, match="in use"):
        lair.sweep(parent / "mine")
    os.utime(folder, (1, 1))
    assert lair.sweep(parent / "mine") == [str(folder)]
