"""`splitbrain compare`: runs, campaigns and baselines, each with each."""

import json

import pytest

from splitbrain import campaign, run

FIELDS = {"workload": "register", "nemesis": "partition", "time_limit": 5, "rate": 50}
TABLE = {"workload": "register", "nemesis": "partition", "time-limit": 5, "rate": 50, "seeds": 3, "name": "t"}


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Name → path: two runs, two campaigns, and their baselines; `good` ones and `stale` ones."""
    place = tmp_path_factory.mktemp("sides")
    found = {}
    for name, target in (("good", "raft"), ("stale", "raft:reads=local")):
        found[f"{name} run"] = run(target, out=place, seed=1, **FIELDS).folder.path
        baseline = place / f"{name}.toml"
        test = {**TABLE, "target": target}
        found[f"{name} campaign"] = campaign({"test": [test]}, out=place, write_baseline=baseline).folder
        found[f"{name} baseline"] = baseline
    return {name: str(path) for name, path in found.items()}


@pytest.mark.parametrize("kind", ["run", "campaign", "baseline"])
def test_the_same_twice_does_not_differ(splitbrain, things, kind):
    for name in ("good", "stale"):
        said = splitbrain("compare", things[f"{name} {kind}"], things[f"{name} {kind}"])
        assert said.code == 0
        assert said.out.startswith("no difference beyond chance: ")


@pytest.mark.parametrize(("one", "other"), [("run", "run"), ("campaign", "baseline"), ("baseline", "campaign")])
def test_an_anomaly_of_one_side_is_a_difference_whichever_side_it_is(splitbrain, things, one, other):
    said = splitbrain("compare", things[f"good {one}"], things[f"stale {other}"])
    assert said.code == 1
    assert "worse in the second: porcupine: an anomaly of the second side alone" in said.out
    said = splitbrain("compare", things[f"stale {one}"], things[f"good {other}"])
    assert said.code == 1
    assert "better in the second: porcupine: an anomaly of the first side alone" in said.out


def test_the_line_for_machines(splitbrain, things):
    said = splitbrain("compare", things["good run"], things["stale run"], "--json")
    told = json.loads(said.out)
    assert (said.code, told["compare"]) == (1, "different")
    ((name, test),) = told["tests"].items()
    assert name == "raft · register · partition"
    assert test["worse"] == ["porcupine: an anomaly of the second side alone"]
    assert told["sides"][name]["target"] == ["raft", "raft:reads=local"]
    assert told["sides"][name]["runs refuted by porcupine"] == ["0", "1"]


def test_what_cannot_be_compared_is_said(splitbrain, things, tmp_path):
    said = splitbrain("compare", things["good run"], tmp_path)
    assert said.code == 254
    assert "expected the folder of a run or of a campaign, or the file of a baseline" in said.err
    other = tmp_path / "other.toml"
    other.write_text("format = 1\n")
    said = splitbrain("compare", things["good baseline"], other)
    assert said.code == 254
    assert f"{other} have no test in common: the one has 't', the other none" in said.err
