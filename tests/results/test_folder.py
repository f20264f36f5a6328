"""Run folders, claimed once, read back as they were written, and found again."""

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.results.folder import RunFolder, safe_name, write_whole
from splitbrain.results.result import Cost, Result
from splitbrain.runner.record import RunRecord

from .samples import passed, record, refuted, stale

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_layout(tmp_path: Path) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)
    assert folder.path == tmp_path / "raft-reads=local" / "register" / "20300102T030405Z-7"
    assert folder.logs.is_dir()
    assert folder.history_path.parent == folder.path


def test_round_trip(tmp_path: Path) -> None:
    folder = RunFolder.create(record(), tmp_path)
    history = stale()
    result = Result.of_run(history, record(), refuted(), Cost(0.5, None, 2.0))
    folder.finish(history, result)
    again = RunFolder.open(folder.path)
    assert again.record() == record()
    assert again.verdict()["verdict"] == "invalid"
    assert again.verdict()["faults"] == {"partition": {"times": 1, "bite": {"messages_dropped": 12}}}
    assert again.result(history) == result
    assert "<!doctype html>" in folder.report_path.read_text()
    assert not list(folder.path.glob(".*.partial"))


def test_a_setting_without_a_value_is_left_out() -> None:
    given = record(options={"reads": None, "batch": 1})
    assert RunRecord.from_toml(given.to_toml(), "x").options == {"batch": 1}


def test_same_second_and_seed_do_not_collide(tmp_path: Path) -> None:
    folders = [RunFolder.create(record(), tmp_path, NOW) for _ in range(3)]
    assert len({folder.path for folder in folders}) == 3
    assert (tmp_path / "latest").resolve() == folders[-1].path.resolve()


def test_threads_let_latest_name_their_folders_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(seed: int) -> RunFolder:
        return RunFolder.create(record(seed=seed), tmp_path, NOW)

    def replaced(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        other = threading.Thread(target=make, args=(2,))
        other.start()
        other.join()
        return replace(path, target)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: (replaced if to.name == "latest" else replace)(path, to))
    folder = make(1)
    assert (tmp_path / "latest").resolve() == folder.path.resolve()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_latest_is_relative_and_survives_a_move(tmp_path: Path) -> None:
    folder = RunFolder.create(record(), tmp_path / "runs", NOW)
    assert not (tmp_path / "runs" / "latest").readlink().is_absolute()
    moved = (tmp_path / "runs").rename(tmp_path / "kept")
    assert RunFolder.open(moved / "latest").path.name == folder.path.name


def test_latest_as_text_where_links_are_impossible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = RunFolder.create(record(), tmp_path, NOW)
    assert (tmp_path / "latest").is_file()
    assert RunFolder.open(tmp_path / "latest").path.samefile(folder.path)


def test_a_file_of_the_folder_names_it(tmp_path: Path) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)
    assert RunFolder.open(folder.path / "test.toml").path == folder.path


def test_what_is_no_run_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such run folder"):
        RunFolder.open(tmp_path / "nothing")
    with pytest.raises(UsageError, match=r"no test\.toml"):
        RunFolder.open(tmp_path)
    folder = RunFolder.create(record(), tmp_path, NOW)
    with pytest.raises(UsageError, match="cut short"):
        folder.verdict()
    with pytest.raises(UsageError, match="no history"):
        folder.recorded()
    folder.write("verdict.json", "[]")
    with pytest.raises(UsageError, match="not the verdict"):
        folder.verdict()
    folder.write("verdict.json", json.dumps({"tree": None}))
    with pytest.raises(UsageError, match="not the verdict"):
        folder.result(stale())


@pytest.mark.parametrize("text", ["{{{", "format = 3", "format = 2", "format = 1\nseed = 'x'", "", "format = 1"])
def test_a_broken_record_is_told(tmp_path: Path, text: str) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)
    folder.write("test.toml", text)
    with pytest.raises(UsageError, match=r"test\.toml: "):
        folder.record()


def test_both_forms_of_the_history_are_found(tmp_path: Path) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)
    folder.history_path.write_text("")
    assert folder.recorded() == folder.history_path
    packed = folder.path / "history.jsonl.gz"
    folder.history_path.rename(packed)
    assert folder.recorded() == packed


def test_a_full_disk_is_infrastructure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)

    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for way in ("write_text", "open"):
        monkeypatch.setattr(Path, way, full)
    with pytest.raises(InfrastructureError, match="disk is full"):
        folder.finish(stale(), Result.of_run(stale(), record(), passed()))


def test_what_lies_at_the_place_of_a_partial_file_is_not_written_to(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    partial = tmp_path / f".page.html.{os.getpid()}-{threading.get_ident()}.partial"
    partial.symlink_to(victim)
    assert write_whole(tmp_path / "page.html", "page").read_text() == "page"
    assert victim.read_text() == "mine" and not partial.is_symlink()


def test_a_place_that_cannot_be_written_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "loop"):
        with pytest.raises(UsageError, match="--out"):
            RunFolder.create(record(), tmp_path / name)


def test_names_are_safe() -> None:
    assert safe_name("raft:reads=local") == "raft-reads=local"
    assert safe_name("../../etc/passwd") == "etc-passwd"
    assert safe_name("..") == "unnamed"
    assert safe_name("Latest") == "Latest-"
    long = [safe_name("x" * 200 + end) for end in "ab"]
    assert long[0] != long[1]
    assert all(len(name) <= 100 for name in long)


def test_nothing_partial_is_left_of_a_file_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create(record(), tmp_path, NOW)

    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InfrastructureError):
        folder.write("report.html", "page")
    assert not list(folder.path.glob(".*partial"))


@pytest.mark.parametrize(("user", "closed"), [("", False), ("tester", True)])
def test_what_a_server_with_a_password_left_is_for_its_owner_alone(user: str, closed: bool, tmp_path: Path) -> None:
    folder = RunFolder.create(record(options={"user": user, "password_env": "PASSWORD"}), tmp_path)
    assert (folder.path.stat().st_mode & 0o077 == 0) is closed
