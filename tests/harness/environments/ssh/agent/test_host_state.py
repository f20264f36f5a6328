"""Leftovers of a run on a host: found by its name, and only if nobody holds it."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitbrain.harness.environments.real.orphans import Orphan
from splitbrain.harness.environments.ssh.agent import host_state
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.runtime.process_start import started_ticks

RUN = "0123abcd"


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for folders of runs; no rules of the kernel are touched."""
    monkeypatch.setattr(host_state, "PARENT", tmp_path)
    monkeypatch.setattr(host_state, "drop_rules", lambda run: None)
    monkeypatch.setattr(host_state, "_runs_with_rules", set)
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
    folder = host_state.folder_of(RUN)
    folder.mkdir()
    host_state.own(folder, "somebody")
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    if held:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def named(folder: Path, pid: int) -> None:
    """Have a folder say that this process made it."""
    about = json.loads((folder / host_state.OWNER).read_text())
    started = started_ticks(pid) if pid > 0 else 0
    (folder / host_state.OWNER).write_text(json.dumps({**about, "pid": pid, "started": started}))


def test_members_are_known_by_name_by_session_and_by_where_they_work(tmp_path: Path) -> None:
    folder = host_state.folder_of(RUN)
    (folder / "n1").mkdir(parents=True)
    with (
        sleeper(tmp_path, {host_state.MARK: RUN}) as named,
        sleeper(folder / "n1", {}) as inside,
        sleeper(tmp_path, {host_state.MARK: RUN + "e"}) as other,
    ):
        assert host_state.members(RUN) == [named.pid]
        assert host_state.members(RUN, folder) == sorted([named.pid, inside.pid])
        assert host_state.members(RUN, session=other.pid) == sorted([named.pid, other.pid])


def test_what_nobody_holds_is_removed_with_its_processes(parent: Path) -> None:
    folder, lock = made(parent, held=False)
    os.close(lock)
    with sleeper(folder, {}) as process:
        assert host_state.claim(parent / "mine") == [str(folder)]
        assert process.wait(timeout=120) == -9
    assert not folder.exists() and host_state.claim(parent / "mine") == []


def test_what_somebody_else_removed_meanwhile_is_no_error(parent: Path) -> None:
    gone = Orphan("folder", str(host_state.folder_of(RUN)), RUN, owned=False)
    host_state.HostRuns(parent / "mine").remove([gone])


def test_what_is_held_is_left_alone_unless_everything_is_to_go(parent: Path) -> None:
    holder = (
        "import fcntl, os, time; "
        f"lock = os.open({str(host_state.folder_of(RUN) / 'lock')!r}, os.O_RDWR); fcntl.flock(lock, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(60)"
    )
    folder, lock = made(parent, held=False)
    os.close(lock)
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        named(folder, process.pid)
        with pytest.raises(InfrastructureError, match="in use by the run of somebody, since 20"):
            host_state.claim(parent / "mine")
        assert folder.exists() and process.poll() is None
        assert host_state.claim(parent / "mine", everything=True) == [str(folder)]
        assert process.wait(timeout=120) == -15 and not folder.exists()


def test_ones_own_folder_others_and_those_that_have_just_begun_are_left_alone(parent: Path) -> None:
    folder, lock = made(parent, held=True)
    (parent / f"{host_state.PREFIX}not-ours").mkdir()
    assert host_state.claim(folder) == [] and folder.exists()
    os.close(lock)
    (folder / "lock").unlink()
    with pytest.raises(InfrastructureError, match="in use"):
        host_state.claim(parent / "mine")
    os.utime(folder, (1, 1))
    assert host_state.claim(parent / "mine") == [str(folder)]


def test_folders_of_other_users_are_not_believed_and_hold_nobody_up(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, lock = made(parent, held=True)
    with sleeper(parent, {}) as victim:
        named(folder, victim.pid)
        monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
        for everything in (False, True):
            assert host_state.claim(parent / "mine", everything=everything) == []
        assert victim.poll() is None and folder.exists()
    os.close(lock)


def test_a_folder_that_others_may_write_to_is_not_believed(parent: Path) -> None:
    folder, lock = made(parent, held=True)
    folder.chmod(0o777)
    assert host_state.claim(parent / "mine", everything=True) == [] and folder.exists()
    os.close(lock)


@pytest.mark.parametrize("pid", [None, -1, 0, 10**9])
def test_only_the_process_that_holds_a_folder_is_ended(parent: Path, pid: int | None) -> None:
    folder, lock = made(parent, held=True)
    with sleeper(parent, {}) as victim:
        if pid is None or pid < 1:
            named(folder, victim.pid if pid is None else pid)
        else:
            about = json.loads((folder / host_state.OWNER).read_text())
            (folder / host_state.OWNER).write_text(json.dumps({**about, "pid": pid}))
        with pytest.raises(InfrastructureError, match="is held"):
            host_state.claim(parent / "mine", everything=True)
        assert victim.poll() is None and folder.exists()
    os.close(lock)


def test_an_agent_that_ends_by_itself_meanwhile_is_no_error(parent: Path) -> None:
    folder, lock = made(parent, held=True)
    about = json.loads((folder / host_state.OWNER).read_text())
    (folder / host_state.OWNER).write_text(json.dumps({**about, "started": about["started"] - 1}))
    ending = threading.Timer(0.3, os.close, [lock])
    ending.start()
    host_state.claim(parent / "mine", everything=True)
    ending.join()


def test_a_number_used_again_is_not_taken_for_the_agent(parent: Path) -> None:
    folder, lock = made(parent, held=True)
    about = json.loads((folder / host_state.OWNER).read_text())
    (folder / host_state.OWNER).write_text(json.dumps({**about, "started": about["started"] - 1}))
    with pytest.raises(InfrastructureError, match="held by another process"):
        host_state.claim(parent / "mine", everything=True)
    os.close(lock)
