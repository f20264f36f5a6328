"""The index of run folders: what is found, and that the folders are the truth."""

import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RunFolder
from splitbrain.results.index import FILE, RunFilter, find_runs
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import RunSpec

DAY = datetime(2026, 11, 28, tzinfo=UTC)


def kept(root, target, seed, verdict, faults=(), hour=0):
    record = RunRecord(RunSpec(target, workload="register", env="sim", seed=seed), f"splitbrain run {target}", faults)
    folder = RunFolder.create(record, root, DAY.replace(hour=hour))
    if verdict:
        folder.write("verdict.json", json.dumps({"verdict": verdict, "reason": "so it is", "operations": seed * 10}))
    return folder


@pytest.fixture
def root(tmp_path):
    kept(tmp_path, "raft", 1, "valid", ("partition", "kill"), hour=1)
    kept(tmp_path, "raft:reads=local", 2, "invalid", ("partition",), hour=2)
    kept(tmp_path, "rafter", 3, "unknown", ("kill",), hour=3)
    kept(tmp_path, "single", 4, None, hour=4)
    return tmp_path


def seeds(root, sort="age", limit=None, **wanted):
    return [run.seed for run in find_runs(root, RunFilter(**wanted), sort, limit)]


def test_filters_and_orders(root):
    assert seeds(root) == [4, 3, 2, 1]
    assert seeds(root, "operations") == [4, 1, 2, 3]
    assert seeds(root, limit=2) == [4, 3]
    assert seeds(root, target="raft") == [2, 1]
    assert seeds(root, target="raft:reads=local") == [2]
    assert seeds(root, fault="kill") == [3, 1]
    assert seeds(root, fault="kil") == []
    assert seeds(root, verdict="invalid") == [2]
    assert seeds(root, verdict="interrupted") == [4]
    assert seeds(root, newer=DAY.replace(hour=3).timestamp()) == [4, 3]
    assert seeds(root, older=DAY.replace(hour=1).timestamp()) == [1]
    assert seeds(root, workload="set") == []


def test_the_folders_are_the_truth(root):
    assert seeds(root) == [4, 3, 2, 1]
    (judged,) = (path for path in root.glob("single/*/*"))
    RunFolder(judged).write("verdict.json", json.dumps({"verdict": "valid", "reason": "at last", "operations": 5}))
    shutil.rmtree(root / "rafter")
    kept(root, "raft", 9, "valid", hour=9)
    assert seeds(root) == [9, 4, 2, 1]
    assert seeds(root, verdict="valid") == [9, 4, 1]


@pytest.mark.parametrize("damage", ["no database", "another version", "gone", "a folder"])
def test_an_index_that_cannot_be_used_is_made_anew(root, damage):
    assert seeds(root) == [4, 3, 2, 1]
    if damage == "another version":
        with sqlite3.connect(root / FILE) as database:
            database.execute("PRAGMA user_version = 99")
            database.execute("UPDATE runs SET seed = 77")
    else:
        (root / FILE).unlink()
    if damage == "no database":
        (root / FILE).write_text("this is no database, and longer than a header of one would be " * 20)
    if damage == "a folder":
        (root / FILE).mkdir()
    assert seeds(root) == [4, 3, 2, 1]


def test_a_run_whose_verdict_cannot_be_read_is_listed_as_unknown(root):
    (judged,) = root.glob("raft/*/*")
    RunFolder(judged).write("verdict.json", "{")
    assert seeds(root) == [4, 3, 2, 1]
    (run,) = find_runs(root, RunFilter(verdict="unknown", target="raft"))
    assert "verdict.json: not JSON" in run.reason


def test_what_is_no_run_is_not_listed(root):
    broken = root / "raft" / "register" / "broken"
    broken.mkdir()
    (broken / "test.toml").write_text("format = 99\n")
    assert seeds(root) == [4, 3, 2, 1]
    with pytest.raises(UsageError, match="no such folder of runs"):
        find_runs(root / "gone", RunFilter())


@pytest.mark.parametrize(
    ("plain", "verdict", "operations"),
    [
        ({"verdict": "valid", "reason": "half \ud800 a character", "operations": 10**30}, "valid", 0),
        ({"verdict": ["valid"], "reason": 1}, "unknown", 0),
        ({"verdict": "<b>", "operations": 3}, "unknown", 0),
    ],
)
def test_a_verdict_of_others_does_not_keep_the_rest_from_being_listed(root, plain, verdict, operations):
    folder = kept(root, "hostile", 5, None)
    folder.write("verdict.json", json.dumps(plain))
    (found,) = find_runs(root, RunFilter(target="hostile"))
    assert (found.verdict, found.operations) == (verdict, operations)
    assert len(find_runs(root, RunFilter())) == 5


def test_nothing_is_read_that_is_outside_or_no_file(root, tmp_path_factory):
    secret = tmp_path_factory.mktemp("outside") / "verdict.json"
    secret.write_text(json.dumps({"verdict": "valid", "reason": "secret"}))
    (kept(root, "linked", 5, None).path / "verdict.json").symlink_to(secret)
    (linked,) = find_runs(root, RunFilter(target="linked"))
    assert linked.verdict == "unknown" and "a link to another folder" in linked.reason
    for seed, name in ((6, "outside"), (7, "pipe")):
        record = kept(root, name, seed, "valid").path / "test.toml"
        record.unlink()
        if name == "pipe":
            os.mkfifo(record)
        else:
            record.symlink_to(secret)
    (root / os.fsdecode(b"\xff")).mkdir()
    shutil.copytree(linked_path := root / linked.path, root / os.fsdecode(b"\xff") / linked_path.name)
    assert sorted(seeds(root)) == [1, 2, 3, 4, 5]
