"""`splitbrain runs`: the runs that are kept."""

from splitbrain.cli.exits import USAGE, VALID


def test_runs_are_listed(splitbrain, tmp_path):
    splitbrain("run", "single", "--time-limit", 2, "--seed", 1, "--out", tmp_path)
    splitbrain("run", "raft", "--time-limit", 2, "--seed", 2, "--nemesis", "partition", "--out", tmp_path)
    said = splitbrain("runs", tmp_path, "--json", "--target", "single")
    assert said.code == VALID
    (line,) = said.objects
    assert (line["target"], line["seed"], line["verdict"], line["faults"]) == ("single", 1, "valid", [])
    assert line["run"].startswith(str(tmp_path)) and line["operations"] > 0
    listed = splitbrain("runs", tmp_path, "--sort", "seed")
    assert [line.split(" · ")[0].split(": ")[1] for line in listed.out.splitlines()[::2]] == ["single", "raft"]
    assert "2 runs" in listed.err
    assert splitbrain("runs", tmp_path, "--newer", "1h", "--fault", "partition", "--json").objects[0]["seed"] == 2


def test_a_folder_that_is_not_there_is_told(splitbrain, tmp_path):
    said = splitbrain("runs", tmp_path / "gone")
    assert said.code == USAGE and "no such folder of runs" in said.err
