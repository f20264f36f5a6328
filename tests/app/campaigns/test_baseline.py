"""Baselines: a file made for review, read back as it was, and refused with a sentence where it is none."""

import math
import tomllib

import pytest

from splitbrain.campaigns.baseline import Baseline, conditions
from splitbrain.campaigns.chance import Share
from splitbrain.harness.errors import UsageError

from .lines import line, refuted

LINES = [
    line("b · x", 2, availability=0.75, p99=12.3456),
    line("b · x", 1, availability=0.5),
    refuted("a", 1, "registers", expect="invalid"),
    line("a", 2, "unknown", expect="invalid"),
    line("a", 3, "infrastructure", expect="invalid"),
]


def test_what_the_runs_of_a_test_came_to():
    test = Baseline.of(LINES).tests["a"]
    assert test.verdicts == {"invalid": 1, "unknown": 1, "infrastructure": 1}
    assert (test.runs, test.refuted, test.kinds, test.expect) == (2, Share(1, 1), {"registers"}, "invalid")
    assert test.checks["registers"].refuted == Share(1, 1)
    assert test.checks["audit"].verdicts == {"valid": 2}
    assert test.conditions == "--time-limit 5"
    figures = Baseline.of(LINES).tests["b · x"].figures
    assert figures["availability in faults"] == [0.5, 0.75]  # in order of seed
    assert figures["availability outside faults n2"] == [1.0, 1.0]
    assert figures["latency p99 from due"] == [10.0, 12.35]


def test_a_file_is_sorted_versioned_and_read_back_as_it_was(tmp_path):
    found = Baseline.of(LINES)
    path = tmp_path / "ci" / "baseline.toml"
    found.write(path)
    text = path.read_text()
    assert text == Baseline.of(reversed(LINES)).to_toml() == Baseline.read(path).to_toml()
    assert '"latency p99 from due" = [10.0, 12.35]\n' in text
    plain = tomllib.loads(text)
    assert plain["format"] == 1
    assert list(plain["test"]) == ["a", "b · x"]
    for test in plain["test"].values():
        assert list(test["figures"]) == sorted(test["figures"])
    again = Baseline.read(path)
    assert again.tests == found.tests


def test_models_and_the_sides_of_a_split_are_kept(tmp_path):
    weak = {"allowed": ["pram"], "refuted": {"sequential": {"reason": "", "witness": []}}, "undecided": {"regular": ""}}
    sides = [("partition", "majority", 99), ("partition", "minority", 40), ("kill", "hit", 10)]
    found = Baseline.of([line("t", seed, "invalid", ["x"], "invalid", sides=sides, **weak) for seed in (1, 2)])
    path = tmp_path / "b.toml"
    found.write(path)
    test = Baseline.read(path).tests["t"]
    assert test == found.tests["t"]
    assert test.models == {"pram": {"valid": 2}, "sequential": {"invalid": 2}, "regular": {"unknown": 2}}
    assert (test.shares["model sequential"], test.shares["model regular"]) == (Share(2, 2), Share(0, 0))
    assert test.figures["availability in partition, minority"] == [0.4, 0.4]
    assert not any("kill" in name for name in test.figures)


def test_a_run_without_a_figure_has_a_gap(tmp_path):
    bare = line("t", 1)
    bare.plain["figures"].update(service=None)
    found = Baseline.of([bare, line("t", 2)])
    path = tmp_path / "b.toml"
    found.write(path)
    gap, there = Baseline.read(path).tests["t"].figures["throughput"]
    assert math.isnan(gap) and there == 50.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format = ", "not TOML"),
        ("format = 2", "expected a baseline of format = 1, found 2"),
        ("[defaults]\nseeds = 1", "expected a baseline of format = 1, found None"),
        ("format = 1\n[test.t]\ntarget = 'raft'", "not a baseline"),
        ("format = 1\ntest = 3", "not a baseline"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_in_a_sentence(tmp_path, text, said):
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        Baseline.read(path)


def test_figures_of_another_number_of_runs_are_refused(tmp_path):
    path = tmp_path / "b.toml"
    path.write_text(Baseline.of(LINES).to_toml().replace("[10.0, 12.35]", "[10.0]"))
    with pytest.raises(UsageError, match="another number of values"):
        Baseline.read(path)


def test_a_missing_file_says_how_to_write_one(tmp_path):
    with pytest.raises(UsageError, match="--write-baseline"):
        Baseline.read(tmp_path / "none.toml")


def test_conditions_are_the_options_without_target_seed_and_what_is_known():
    command = "splitbrain run raft:reads=local --nemesis partition --known registers --seed 7 --rate 50"
    assert conditions(command) == "--nemesis partition --rate 50"
