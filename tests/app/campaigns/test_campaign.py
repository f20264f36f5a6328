"""Campaigns from the command line: what they leave, how they end, and that no run takes another down."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from splitbrain import campaign
from splitbrain.campaigns.keeping import folder_size
from splitbrain.campaigns.record import CampaignFolder
from splitbrain.checkers.domain.service import ServiceCheck
from splitbrain.cli.exits import INFRASTRUCTURE, INTERRUPTED, INVALID, UNKNOWN, USAGE, VALID
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import UsageError

from . import stores

SMALL = '[defaults]\ntime-limit = 2\nworkload = "register"\nseeds = {seeds}\n'
BEGIN_SECONDS = 60.0


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder to start campaigns from, for stores in it are found there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text, seeds=2):
    Path("night.toml").write_text(SMALL.format(seeds=seeds) + text)
    return "night.toml"


def lines_of(folder):
    return [json.loads(line) for line in (Path(folder) / "runs.jsonl").read_text().splitlines()]


def cases_of(folder):
    """The test cases of `junit.xml` by name: the element that says how each ended, None for one that passed."""
    tree = ElementTree.parse(Path(folder) / "junit.xml")
    return {case.get("name"): next(iter(case), None) for case in tree.iter("testcase")}


def test_a_campaign_leaves_a_line_a_run_and_the_folders_of_what_was_refuted(splitbrain):
    file = written(
        '[[test]]\nname = "good"\ntarget = "single"\n'
        '[[test]]\nname = "stale"\ntarget = "raft:reads=local"\nnemesis = "partition"\ntime-limit = 12\n'
        'expect = "invalid"\n'
    )
    said = splitbrain("campaign", file, "--json", "--jobs", 1)
    assert said.code == VALID
    *runs, last = said.objects
    counts = {"runs": 4, "tests": 2, "passed": 2, "failed": 0, "unknown": 0, "infrastructure": 0}
    assert counts | {"verdict": "valid"} == {name: last[name] for name in (*counts, "verdict")}
    folder = Path(last["campaign"])
    assert lines_of(folder) == runs
    assert [(run["test"], run["seed"]) for run in runs] == [("good", 1), ("stale", 1), ("good", 2), ("stale", 2)]
    for run in runs:
        assert {"name", "workload", "verdict", "reason", "seconds", "operations", "faults", "target"} <= set(run)
        assert run["expect"] == ("valid" if run["test"] == "good" else "invalid")
        assert run["as_expected"] is (run["verdict"] == run["expect"])
        assert (run["run"] is None) is (run["verdict"] == "valid")
        if run["run"]:
            assert {path.name for path in Path(run["run"]).iterdir()} == {
                "test.toml", "history.jsonl.gz", "verdict.json", "report.html", "schedule.toml", "logs",
            }  # fmt: skip
    assert len(list(CampaignFolder(folder).run_folders())) == sum(run["verdict"] != "valid" for run in runs)
    page = (folder / "report.html").read_text()
    kept = [Path(run["run"]).relative_to(folder).as_posix() for run in runs if run["run"]]
    assert kept and all(f'href="{path}/report.html"' in page for path in kept)


def test_a_kept_run_is_byte_for_byte_the_run_of_its_command(splitbrain):
    file = written('[[test]]\ntarget = "raft"\nnemesis = "partition"\ntime-limit = 12\nseeds = [5]\n')
    (line, _) = splitbrain("campaign", file, "--json", "--keep", "all").objects
    words = line["command"].removeprefix("splitbrain ").split()
    alone = splitbrain(*words, "--json", "--out", "alone").objects[0]
    for name in ("history.jsonl.gz", "test.toml", "logs/n1.log"):
        assert (Path(line["run"]) / name).read_bytes() == (Path(alone["run"]) / name).read_bytes()


@pytest.mark.parametrize(("keep", "kept"), [("none", 0), ("failed", 1), ("all", 2)])
def test_which_folders_stay(splitbrain, keep, kept):
    file = written(
        '[[test]]\ntarget = "single"\n[[test]]\ntarget = "raft:reads=local"\nnemesis = "partition"\ntime-limit = 12\n',
        seeds="[1]",
    )
    said = splitbrain("campaign", file, "--json", "--keep", keep)
    assert said.code == INVALID
    assert sum(line["run"] is not None for line in said.objects[:-1]) == kept
    assert len(list(CampaignFolder(Path(said.objects[-1]["campaign"])).run_folders())) == kept


@pytest.mark.parametrize(
    ("source", "words", "code", "verdict", "reason"),
    [
        (stores.GREEDY, ["--memory", "1GiB"], INFRASTRUCTURE, "infrastructure", "needed more memory"),
        (stores.ENDLESS, ["--task-limit", "4s"], INFRASTRUCTURE, "infrastructure", "not over after 4 s"),
        (stores.UNCHECKABLE, ["--task-limit", "4s"], UNKNOWN, "unknown", "the checkers were ended: all in all 4 s"),
        (stores.HUNGRY, ["--memory", "1GiB"], UNKNOWN, "unknown", "memory"),
        (stores.SUDDEN, [], INFRASTRUCTURE, "infrastructure", "was killed by signal 9 in the middle of the run"),
        (stores.ABSENT, [], INFRASTRUCTURE, "infrastructure", "could not be set up"),
    ],
)  # fmt: skip
def test_a_run_that_goes_wrong_is_told_and_takes_no_other_down(
    splitbrain, monkeypatch, source, words, code, verdict, reason
):
    # The file is read here too, when the campaign is planned; what it does to the check is for its own process.
    monkeypatch.setattr(ServiceCheck, "check", ServiceCheck.check)
    Path("bad.py").write_text(source)
    good = '[[test]]\nname = "good"\ntarget = "single"\n'
    file = written(good + '[[test]]\nname = "bad"\ntarget = "./bad.py:Target"\nnodes = 1\nseeds = [1]\n')
    said = splitbrain("campaign", file, "--json", "--jobs", 1, *words)
    assert said.code == code
    runs = {(run["test"], run["seed"]): run for run in said.objects[:-1]}
    assert (runs["good", 1]["verdict"], runs["good", 2]["verdict"]) == ("valid", "valid")
    assert runs["bad", 1]["verdict"] == verdict and reason in runs["bad", 1]["reason"]
    assert json.loads((Path(runs["bad", 1]["run"]) / "verdict.json").read_text())["verdict"] == verdict
    cases = cases_of(said.objects[-1]["campaign"])
    assert cases["good"] is None
    assert cases["bad"].tag == {"infrastructure": "error", "unknown": "skipped"}[verdict]
    assert reason in cases["bad"].get("message")


def test_strict_makes_unknown_a_failure_of_junit_alone(splitbrain):
    file = written('[[test]]\nname = "short"\ntarget = "raft"\nnemesis = "partition,kill"\ntime-limit = 0.9\n', seeds=1)
    said = splitbrain("campaign", file, "--strict", "--json")
    assert said.code == UNKNOWN
    assert cases_of(said.objects[-1]["campaign"])["short"].tag == "failure"


def test_a_refutation_that_was_expected_and_never_came_is_a_surprise(splitbrain):
    said = splitbrain("campaign", written('[[test]]\ntarget = "single"\nexpect = "invalid"\n', seeds=3))
    assert said.code == INVALID
    assert "expected to be refuted, and never was with 3 seeds" in said.out


def test_what_failed_last_time_comes_first(splitbrain):
    table = '[[test]]\nname = "{0}"\ntarget = "raft:reads=local"\nnemesis = "{1}"\ntime-limit = 12\n'
    file = written(table.format("calm", "").replace(":reads=local", "") + table.format("split", "partition"), seeds=2)
    first = splitbrain("campaign", file, "--json", "--jobs", 1)
    assert [line["verdict"] for line in first.objects[:-1]] == ["valid", "invalid", "valid", "invalid"]
    again = splitbrain("campaign", file, "--json", "--jobs", 1)
    assert [line["test"] for line in again.objects[:-1]] == ["split", "split", "calm", "calm"]


def test_a_deadline_ends_a_campaign_and_says_what_was_not_run(splitbrain):
    Path("slow.py").write_text(stores.ENDLESS)
    file = written('[[test]]\nname = "good"\ntarget = "single"\n[[test]]\nname = "slow"\ntarget = "./slow.py:Target"\n')
    said = splitbrain("campaign", file, "--json", "--jobs", 2, "--deadline", "10s")
    assert said.code == UNKNOWN
    last = said.objects[-1]
    assert (last["not_run"], last["unknown"], last["passed"]) == (2, 1, 1)
    assert "--resume" in said.err and "nothing of it was run" in (Path(last["campaign"]) / "summary.md").read_text()


def started(*words):
    """A campaign in a process of its own, as soon as some of its runs are over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "splitbrain", "campaign", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + BEGIN_SECONDS
    while not any(file.read_text().count("\n") >= 3 for file in Path().glob("campaigns/night-*/runs.jsonl")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_a_campaign_that_was_killed_goes_on_where_it_was(splitbrain):
    file = written('[[test]]\nname = "a"\ntarget = "single"\n[[test]]\nname = "b"\ntarget = "raft"\n', seeds=30)
    process = started(file, "--jobs", "2", "--keep", "all")
    process.kill()
    process.communicate()
    (folder,) = Path("campaigns").glob("night-*")
    with (folder / "runs.jsonl").open("a") as cut:
        cut.write('{"test":"a","se')
    (folder / "runs" / "single" / "register" / "left-over").mkdir(parents=True)
    before = len((folder / "runs.jsonl").read_text().splitlines()) - 1
    assert 3 <= before < 60
    said = splitbrain("campaign", "--resume", folder, "--json", "--jobs", 2, "--keep", "all")
    assert said.code == VALID
    assert len(said.objects) == 60 - before + 1 and said.objects[-1]["runs"] == 60
    runs = lines_of(folder)
    assert sorted((run["test"], run["seed"]) for run in runs) == sorted((t, s) for t in "ab" for s in range(1, 31))
    assert {Path(run["run"]).name for run in runs} == {path.name for path in CampaignFolder(folder).run_folders()}
    assert splitbrain("campaign", "--resume", folder, "--json").objects[-1]["runs"] == 60


def test_ctrl_c_keeps_what_there_is(splitbrain):
    Path("slow.py").write_text(stores.ENDLESS)
    good = '[[test]]\nname = "good"\ntarget = "single"\nseeds = 5\n'
    file = written(good + '[[test]]\ntarget = "./slow.py:Target"\nseeds = 3\n')
    process = started(file, "--jobs", "3", "--json")  # three hang now or soon, and the rest waits for them
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == INTERRUPTED
    last = json.loads(out.splitlines()[-1])
    assert (last["runs"], last["not_run"]) == (3, 5)
    assert "--resume" in err and "Traceback" not in err, err
    assert (Path(last["campaign"]) / "junit.xml").exists() and (Path(last["campaign"]) / "summary.md").exists()


@pytest.mark.skipif(namespaces.unavailable() is not None, reason="no namespaces here")
def test_real_runs_leave_a_folder_only_if_it_is_kept(splitbrain):
    file = written('[[test]]\ntarget = "single"\nenv = "local"\nnodes = 1\n', seeds="[1]")
    said = splitbrain("campaign", file, "--json")
    assert said.code == VALID and said.objects[0]["run"] is None
    assert not list((Path(said.objects[-1]["campaign"]) / "runs").iterdir())
    (line, _) = splitbrain("campaign", file, "--json", "--keep", "all").objects
    assert (Path(line["run"]) / "history.jsonl.gz").exists()


def test_only_the_file_that_a_campaign_began_with_is_gone_on_with(splitbrain):
    file = written('[[test]]\ntarget = "single"\n')
    folder = Path(splitbrain("campaign", file, "--json").objects[-1]["campaign"])
    written('[[test]]\ntarget = "raft"\n')
    other = splitbrain("campaign", file, "--resume", folder)
    assert other.code == USAGE and "not the file that the campaign" in other.err
    (folder / "campaign.toml").write_text(Path(file).read_text())
    changed = splitbrain("campaign", "--resume", folder)
    assert changed.code == USAGE and "not the file that the campaign" in changed.err


def test_two_processes_do_not_work_on_one_campaign(splitbrain):
    folder = Path(splitbrain("campaign", written('[[test]]\ntarget = "single"\n'), "--json").objects[-1]["campaign"])
    with CampaignFolder.open(folder).appending():
        said = splitbrain("campaign", "--resume", folder)
    assert said.code == USAGE and "another process is at work" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "a campaign needs its file"),
        (["gone.toml"], "gone.toml: the file of a campaign cannot be read"),
        (["--resume", "."], "not the folder of a campaign"),
        (["night.toml", "--jobs", "0"], "--jobs"),
        (["night.toml", "--keep", "some"], "--keep"),
        (["night.toml", "--keep-bytes", "much"], "a size such as 2GiB"),
        (["night.toml", "--deadline", "soon"], "a duration"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_left(splitbrain, words, told):
    written('[[test]]\ntarget = "single"\n')
    said = splitbrain("campaign", *words)
    assert said.code == USAGE and told in said.err and not said.out
    assert not Path("campaigns").exists()


def test_a_campaign_as_a_call():
    seen = []
    result = campaign(
        {"defaults": {"time-limit": 2, "seeds": 2}, "test": [{"target": "single", "workload": "register"}]},
        out="here", jobs=1, told=seen.append,
    )  # fmt: skip
    assert result.status == "valid" and len(result.lines) == len(seen) == 2
    assert Path(result.folder, "runs.jsonl").exists() and result.name == "campaign"
    with pytest.raises(UsageError, match="no target 'rafd'"):
        campaign({"test": [{"target": "rafd"}]}, out="here")


def test_the_room_that_folders_take_is_limited_and_refuted_ones_stay_longest(splitbrain):
    file = written(
        '[[test]]\nname = "bad"\ntarget = "raft:reads=local"\nnemesis = "partition"\ntime-limit = 12\nseeds = [1]\n'
        '[[test]]\nname = "good"\ntarget = "single"\nseeds = 6\n'
    )
    said = splitbrain("campaign", file, "--json", "--jobs", 1, "--keep", "all")
    sizes = {(run["test"], run["seed"]): folder_size(Path(run["run"])) for run in said.objects[:-1]}
    room = sizes["bad", 1] + 2 * max(size for (test, _), size in sizes.items() if test == "good")
    said = splitbrain("campaign", file, "--json", "--jobs", 1, "--keep", "all", "--keep-bytes", room)
    kept = [(run["test"], run["seed"]) for run in said.objects[:-1] if Path(run["run"]).exists()]
    assert ("bad", 1) in kept and ("good", 6) in kept and 3 <= len(kept) <= 4


def test_github_is_told_in_its_own_words(splitbrain, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    file = written('[[test]]\nname = "a: 100 %"\ntarget = "single"\nexpect = "invalid"\n')
    said = splitbrain("campaign", file)
    assert "::error title=failed%3A a%3A 100 %25::expected to be refuted" in said.err
    assert "failed" in (tmp_path / "summary.md").read_text()
