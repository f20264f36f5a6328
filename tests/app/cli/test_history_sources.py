"""Files of a folder that `check` takes for histories."""

from pathlib import Path

import pytest

from splitbrain.cli.exits import INVALID, USAGE, VALID
from splitbrain.cli.history_sources import expand

HISTORY = "{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value nil}\n"

OPENING = "INFO [2017-03-30 22:38:59,278] main - jepsen.core Running test\n"
LOG = OPENING + "INFO [2017-03-30 22:38:59,278] jepsen worker 0 - jepsen.util 0\t:invoke\t:read\tnil\n"


def made(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LOG if path.name == "jepsen.log" else HISTORY)


def found(root: Path) -> list[str]:
    return [str(source.path.relative_to(root)) for source in expand([str(root)]) if source.path is not None]


def test_the_store_of_jepsen_holds_histories_and_much_else(splitbrain, tmp_path):
    runs = ("etcd/20210226T2338.000Z", "etcd/20210227T0000.000Z", "old/20140101T00")
    made(tmp_path, f"{runs[0]}/history.edn", f"{runs[0]}/history.txt", f"{runs[0]}/results.edn",
         f"{runs[0]}/jepsen.log", f"{runs[0]}/n1/etcd.log", f"{runs[0]}/independent/0/history.edn",
         f"{runs[0]}/independent/0/results.edn", f"{runs[0]}/timeline.html", f"{runs[1]}/history.txt",
         f"{runs[1]}/results.edn", f"{runs[2]}/jepsen.log", f"{runs[2]}/n1/db.log")  # fmt: skip
    (tmp_path / "etcd" / "latest").symlink_to(tmp_path / runs[1])
    (tmp_path / "latest").symlink_to(tmp_path / runs[1])
    assert found(tmp_path) == [f"{runs[0]}/history.edn", f"{runs[1]}/history.txt", f"{runs[2]}/jepsen.log"]
    assert splitbrain("check", tmp_path / runs[0], "--model", "register").code == VALID


def test_a_run_of_jepsen_that_ended_before_its_first_operation_has_no_history(splitbrain, tmp_path):
    made(tmp_path, "etcd/1/history.edn", "etcd/2/jepsen.log", "etcd/2/results.edn", "etcd/3/jepsen.log")
    (tmp_path / "etcd/2/jepsen.log").write_text(OPENING)
    assert found(tmp_path) == ["etcd/1/history.edn", "etcd/3/jepsen.log"]
    said = splitbrain("check", tmp_path / "etcd/2", "--model", "register")
    assert said.code == USAGE
    assert "no history in this folder" in said.err


def test_a_plain_folder_holds_the_files_that_end_like_a_history(tmp_path):
    made(tmp_path, "a.jsonl", "b.edn.gz", "c.csv", "results.edn", "verdict.json", "d/e.log", "README.md", "f.png")
    assert found(tmp_path) == ["a.jsonl", "b.edn.gz", "c.csv", "d/e.log"]


def test_our_own_runs_are_their_histories_and_nothing_else(splitbrain, tmp_path):
    splitbrain("run", "single", "--time-limit", 2, "--seed", 1, "--out", tmp_path / "runs")
    splitbrain("run", "single", "--time-limit", 2, "--seed", 2, "--out", tmp_path / "runs")
    (tmp_path / "runs" / "unborn").mkdir()
    (tmp_path / "runs" / "unborn" / "test.toml").write_text("")
    said = splitbrain("check", tmp_path / "runs")
    assert said.code == VALID and said.out.splitlines()[-1] == "2 histories: 2 valid"
    assert all(name.endswith("history.jsonl.gz") for name in found(tmp_path / "runs"))


def test_a_folder_without_histories(splitbrain, tmp_path):
    made(tmp_path, "results.edn")
    said = splitbrain("check", tmp_path, "--model", "register")
    assert said.code == USAGE and "no history in this folder" in said.err


@pytest.mark.parametrize("lenient", [True, False])
def test_lenient_is_asked_for(splitbrain, tmp_path, lenient):
    (tmp_path / "h.txt").write_text("0 :invoke :add 1\n0 :info :add 1\n0 :invoke :read nil\n0 :ok :read #{2}\n")
    said = splitbrain("check", tmp_path / "h.txt", "--model", "set", *(["--lenient"] if lenient else []))
    assert said.code == (INVALID if lenient else USAGE)
    assert ("goes on after info" in said.out) if lenient else ("--lenient" in said.err)
