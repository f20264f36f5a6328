"""The zoo: what is hunted, how hunts are counted, and one hunt by the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.cli.zoo import exit_code, summary, zoo
from splitbrain.harness.errors import UsageError
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.stores.bugs.catalogue import RAFT
from splitbrain.zoo import BugResult, HuntPlan, HuntResult, hunt, hunt_plans, refutations

BUG = RAFT[0]


def test_a_store_stands_for_all_its_bugs_and_for_the_correct_store_with_each_set_of_options() -> None:
    plans = hunt_plans(["raft"], aimed=False)
    planted = [plan.target for plan in plans if plan.bug is not None]
    assert len(planted) == len(RAFT)
    assert "raft:reads=lease,bug=lease-too-long" in planted
    correct = [(plan.target, plan.fields["nemesis"]) for plan in plans if plan.bug is None]
    assert correct == [
        ("raft", "all"),
        ("raft:reads=lease", "all"),
        ("raft:reads=index", "all"),
        ("raft", "membership,all"),
        ("raft:reads=lease", "promote,all"),
        ("raft:upgrade_to=2", "upgrade,all"),
    ]
    assert {plan.fields["nemesis"] for plan in plans if "upgrade_to" in plan.target} == {"upgrade,all"}
    assert {plan.fields["time_limit"] for plan in plans} == {15.0}


def test_a_store_whose_claims_do_not_cover_all_faults_is_hunted_with_those_that_they_do() -> None:
    plans = hunt_plans(["truetime", "cache"], aimed=False)
    faults = {plan.store: plan.fields["nemesis"] for plan in plans}
    assert faults == {"truetime": "clock:kind=offset,min_seconds=0.001,max_seconds=0.006,all", "cache": "all"}


def test_a_bug_that_needs_a_fault_besides_is_hunted_with_it() -> None:
    plans = hunt_plans(["raft"], aimed=False)
    faults = {plan.bug.name: plan.fields["nemesis"] for plan in plans if plan.bug is not None}
    assert faults["members-not-in-snapshot"] == "membership,all"
    assert faults["leads-while-other-stands"] == "promote,all" and faults["figure-8"] == "all"


def test_a_bug_is_hunted_at_one_node_alone() -> None:
    bug, correct = hunt_plans(["raft:bug=figure-8@n2"], aimed=False)
    assert (bug.target, correct.target) == ("raft:bug=figure-8@n2", "raft")
    with pytest.raises(UsageError, match="there is no bug 'figure'"):
        hunt_plans(["raft:bug=figure@n2"], aimed=False)


def test_one_bug_is_hunted_alone_and_aimed_by_what_finds_it_best() -> None:
    bug, correct = hunt_plans(["raft:bug=figure-8"], aimed=True)
    assert bug.fields["nemesis"] != "all"
    assert (bug.target, correct.target) == ("raft:bug=figure-8", "raft")


def test_bugs_that_need_what_does_not_go_with_the_given_options_are_left_out() -> None:
    plans = hunt_plans(["log:compaction=on"], aimed=False)
    names = {plan.bug.name for plan in plans if plan.bug is not None}
    assert {"first-of-key-stays", "reads-uncommitted"} <= names and "commit-unfenced" not in names
    with pytest.raises(UsageError, match="compaction=on needs"):
        hunt_plans(["log:compaction=on,bug=commit-unfenced"], aimed=False)


@pytest.mark.parametrize("word", ["etcd", "raft:bug=figure-9", "nothing"])
def test_what_has_no_catalogue_or_no_such_bug_is_wrong_use(word: str) -> None:
    with pytest.raises(UsageError):
        hunt_plans([word], aimed=False)


def result(bug: bool, *found: bool) -> BugResult:
    """The result of one bug, or of a correct store, with these starts."""
    hunts = [HuntResult(hit, 3, float(number)) for number, hit in enumerate(found, 1)]
    return BugResult(HuntPlan("raft", "raft", BUG if bug else None), hunts)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result(True, True), result(False, False)], 0),
        ([result(True, False), result(False, False)], 2),
        ([result(True, False), result(False, True)], 1),
        ([result(True, True), result(False, False, False, True)], 1),
    ],
)
def test_exit_codes(results: list[BugResult], code: int) -> None:
    assert exit_code(summary(results)) == code


def test_most_starts_decide_and_the_median_counts() -> None:
    assert result(True, True, True, False).found
    assert not result(True, True, False, False).found
    assert result(True, True, False, False).cpu_seconds == 2.0


def test_the_checks_that_refuted_are_named() -> None:
    model = Verdict(Validity.INVALID, "no order", "porcupine", "cas-register")
    invariants = Verdict(Validity.INVALID, "two leaders", "invariants")
    both = Verdict(Validity.INVALID, "", "register", children=(invariants, model))
    assert refutations(both) == ["invariants", "cas-register"]
    assert refutations(model) == ["cas-register"]
    assert refutations(Verdict(Validity.VALID, "", "register", "cas-register")) == refutations(None) == []


def hunted(word: str, folder: Path) -> HuntResult:
    """A short hunt for one bug."""
    plan, _ = hunt_plans([word], aimed=False, time_limit=4.0)
    return hunt(plan, 0, 0.01, folder)


@pytest.mark.parametrize(
    ("word", "common"),
    [
        ("single:sync=off,bug=no-deduplication", {"audit"}),
        ("raft:disk=memory,bug=leader-counted-twice", {"audit", "invariants"}),
        ("saga:dedup=none,bug=refused-step-undone", {"audit", "invariants"}),
    ],
)
def test_what_refutes_the_correct_store_too_finds_no_bug(word: str, common: set[str], tmp_path: Path) -> None:
    missed = hunted(word, tmp_path)
    assert not missed.found and missed.seeds == 1 and missed.by is None
    assert missed.common and {*missed.common} <= common
    assert not any(tmp_path.iterdir()), "no folder of a run that tells nothing is kept"


def test_a_bug_is_named_by_what_the_correct_store_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model refutes this store with the bug and without it, as too few nodes need to meet."""
    monkeypatch.setattr("splitbrain.zoo.CONTROLS", 1)
    monkeypatch.setattr("splitbrain.zoo.SEEDS_A_START", 6)
    plan, _ = hunt_plans(["quorum:bug=hints-lost-on-restart"], aimed=False)
    found = hunt(plan, 1, 0.01, tmp_path)
    assert found.found and found.by in ("audit", "invariants"), found


def test_no_alarm_is_false_where_nothing_is_claimed() -> None:
    hit = HuntResult(True, 1, 1.0, by="audit")
    refuted = BugResult(HuntPlan("raft:disk=memory", "raft", claims=False), [hit])
    missed = BugResult(HuntPlan("raft:disk=memory,bug=x", "raft", BUG), [HuntResult(False, 3, 1.0, common=("audit",))])
    assert exit_code(summary([missed, refuted])) == 2
    assert exit_code(summary([missed, replace(refuted, plan=HuntPlan("raft", "raft"))])) == 1
    assert missed.to_json()["common"] == ["audit"]


def test_a_bug_is_found_and_the_correct_store_is_not_refuted(tmp_path: Path) -> None:
    words = ["single:bug=stale-front-door", "--cpu-limit", "0.1", "--jobs", "1", "--json", "--out", str(tmp_path)]
    words += ["--time-limit", "3"]
    done = CliRunner().invoke(zoo, words, standalone_mode=False)
    bug, total = map(json.loads, done.output.splitlines())
    assert (bug["found"], bug["seed"], bug["seeds"]) == (True, 1, 1)
    assert bug["by"]
    assert bug["command"] == "splitbrain run single:bug=stale-front-door --nemesis all --time-limit 3 --seed 1"
    assert Path(bug["run"]).is_dir()
    assert total.pop("correct_runs") >= 1, "as many as fit into the CPU seconds"
    assert total == {"bugs": 1, "found": 1, "false_alarms": 0}
    assert done.return_value == 0
