"""Folders that are shown: nothing outside of them, nothing of another name."""

import os
from pathlib import Path

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.serve.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    run = tmp_path / "runs" / "a"
    (run / "logs").mkdir(parents=True)
    for name in ("test.toml", "verdict.json", "secret.txt", "logs/n1.log"):
        (run / name).write_text(name)
    (tmp_path / "verdict.json").write_text("outside")
    (run / "report.html").symlink_to(tmp_path / "verdict.json")
    return Places.of([tmp_path / "runs"])


def test_files_of_runs_are_found(places: Places) -> None:
    for name in ("test.toml", "verdict.json", "logs/n1.log"):
        found = places.file(f"runs/a/{name}")
        assert found is not None and found.read_text() == name


@pytest.mark.parametrize(
    "address",
    [
        "",
        "runs",
        "runs/a",
        "runs/a/logs",
        "runs/a/secret.txt",
        "runs/a/report.html",
        "runs/../verdict.json",
        "runs/a/../../verdict.json",
        "runs//etc/passwd",
        "runs/a/\0",
        "other/a/test.toml",
        "../verdict.json",
        "runs/" + "x" * 5000,
    ],
)
def test_nothing_else_is(places: Places, address: str) -> None:
    assert places.file(address) is None


def test_a_folder_is_shown_if_all_that_is_read_in_it_is_a_file_of_its_own(places: Places, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a"
    assert places.folder("runs/a") == run.resolve() and places.folder("runs/b") is None
    (run / "runs.jsonl").symlink_to(run / "test.toml")
    assert places.folder("runs/a") == run.resolve()
    (run / "history.jsonl").symlink_to(tmp_path / "verdict.json")
    assert places.folder("runs/a") is None
    (run / "history.jsonl").unlink()
    os.mkfifo(run / "history.jsonl")
    assert places.folder("runs/a") is None


def test_names_that_are_no_text_have_no_address(places: Places, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path.resolve()) + b"/runs/\xff"))
    path.mkdir()
    assert places.folder(places.address(path)) is None


def test_an_address_names_what_it_came_from(places: Places, tmp_path: Path) -> None:
    path = (tmp_path / "runs" / "a").resolve()
    assert places.find(places.address(path)) == path
    with pytest.raises(ValueError, match="in none of the folders"):
        places.address(tmp_path.resolve())


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("x/runs", "y/runs", "z/runs-2"):
        (tmp_path / name).mkdir(parents=True)
    places = Places.of([tmp_path / "x/runs", tmp_path / "z/runs-2", tmp_path / "y/runs", tmp_path / "x/runs"])
    assert list(places.folders) == ["runs", "runs-2", "runs-3"]
    with pytest.raises(UsageError, match="no such folder"):
        Places.of([tmp_path / "gone"])
