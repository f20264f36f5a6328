"""`splitbrain run`: answer first, command last, folder kept; wrong use is one sentence."""

import gzip
import json
import sys
from pathlib import Path

import pytest

from splitbrain.cli.exits import INFRASTRUCTURE, INVALID, UNKNOWN, USAGE, VALID
from splitbrain.harness.errors import InfrastructureError


def test_the_answer_comes_first_and_the_command_that_repeats_it_last(splitbrain, tmp_path):
    said = splitbrain("run", "raft", "--nemesis", "partition,kill", "--time-limit", 12, "--seed", 7, "--out", tmp_path)
    assert said.code == VALID
    lines = said.out.splitlines()
    assert lines[0].startswith("valid: raft · mixed: ")
    assert lines[-1] == "repeat with: splitbrain run raft --nemesis partition,kill --time-limit 12 --seed 7"
    assert str(tmp_path) not in said.out and str(tmp_path) in said.err


def test_the_repeating_command_gives_the_same_output_and_the_same_bytes(splitbrain, tmp_path):
    first = splitbrain("run", "raft", "--nemesis", "all", "--time-limit", 12, "--seed", 3, "--out", tmp_path / "a")
    words = first.out.splitlines()[-1].removeprefix("repeat with: splitbrain ").split()
    again = splitbrain(*words, "--out", tmp_path / "b")
    assert again.out == first.out
    histories = [gzip.decompress((tmp_path / side / "latest" / "history.jsonl.gz").read_bytes()) for side in ("a", "b")]
    assert histories[0] == histories[1]


def test_a_seed_is_chosen_and_told_when_none_is_given(splitbrain, tmp_path):
    seeds = set()
    for _ in range(2):
        said = splitbrain("run", "single", "--time-limit", 2, "--json", "--out", tmp_path)
        seeds.add(said.objects[0]["seed"])
    assert len(seeds) == 2


def test_json_is_one_line_with_the_agreed_fields(splitbrain, tmp_path):
    said = splitbrain("run", "raft:reads=local", "--nemesis", "partition", "--time-limit", 12, "--seed", 1, "--json",
                      "--out", tmp_path)  # fmt: skip
    assert said.code == INVALID
    (line,) = said.objects
    agreed = {"name", "workload", "verdict", "reason", "seconds", "run", "seed", "operations", "faults"}
    assert agreed <= set(line)
    assert line["faults"]["partition"]["bite"]["messages_dropped"] > 0
    kept = json.loads((Path(line["run"]) / "verdict.json").read_text())
    assert kept["verdict"] == "invalid"


def test_a_fault_that_did_not_come_makes_a_pass_unknown(splitbrain, tmp_path):
    said = splitbrain("run", "raft", "--nemesis", "partition,kill", "--time-limit", 0.9, "--seed", 1, "--out", tmp_path)
    assert said.code == UNKNOWN
    assert "never bit" in said.out.splitlines()[0]
    assert "too short" in said.out


def test_a_test_that_cannot_be_carried_out_is_neither_pass_nor_anomaly(splitbrain, tmp_path, monkeypatch):
    async def never(*_):
        raise InfrastructureError("n2 did not come up within 30 s")

    monkeypatch.setattr("splitbrain.harness.environments.sim.Sim.up", never)
    said = splitbrain("run", "raft", "--time-limit", 2, "--seed", 1, "--json", "--out", tmp_path)
    assert said.code == INFRASTRUCTURE
    assert said.objects[0]["verdict"] == "infrastructure"
    assert "n2 did not come up" in said.objects[0]["reason"]
    assert (tmp_path / "latest" / "verdict.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such-target"], "raft"),
        (["raft:no=option"], "reads"),
        (["raft:reads=nonsense"], "log, index, lease, local"),
        (["raft:reads"], "reads"),
        (["raft", "--nemesis", "nonsense"], "partition"),
        (["raft", "--env", "moon"], "sim"),
        (["raft", "--workload", "nonsense"], "register"),
        (["raft", "--nodes", "0"], "--nodes"),
        (["raft", "--concurrency", "0"], "--concurrency"),
        (["raft", "--rate", "-1"], "--rate"),
        (["raft", "--time-limit", "-1"], "duration"),
        (["raft", "--time-limit", "soon"], "duration"),
        (["raft", "--seed", "x"], "seed"),
        (["raft", "--set", "keys"], "key=value"),
        (["raft", "--set", "nonsense=1"], "operations_per_key"),
        (["nonsense:Class"], "nonsense"),
        (["json:Nothing"], "Nothing"),
        (["json:JSONDecoder2"], "did you mean JSONDecoder?"),
        (["./store.py"], "as in ./store.py:MyStore"),
        ([], "TARGET"),
        (["raft", "raft"], "(raft). Try 'splitbrain run --help'."),
    ],
)
def test_wrong_use_is_one_sentence_that_names_what_is_right(splitbrain, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    said = splitbrain("run", *words)
    assert said.code == USAGE
    assert told in said.err
    assert "Traceback" not in said.err and said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_target_of_ones_own(splitbrain, tmp_path, monkeypatch):
    example = Path(__file__).parents[3] / "examples" / "islands.py"
    (tmp_path / "islands.py").write_text(example.read_text())
    monkeypatch.chdir(tmp_path)
    # Another test may have run the example where it lies.
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "islands", raising=False)
    said = splitbrain("run", "islands:Islands", "--time-limit", 3, "--seed", 1)
    assert said.code == INVALID
    assert splitbrain("run", "islands:Islands", "--nodes", 1, "--time-limit", 3, "--seed", 1).code == VALID
    assert len(example.read_text().splitlines()) <= 30


def test_a_store_that_dies_of_every_request_is_told_so_in_the_first_line(splitbrain, tmp_path, monkeypatch):
    text = (Path(__file__).parents[3] / "examples" / "islands.py").read_text()
    (tmp_path / "dying.py").write_text(text.replace('message.f == "write"', "1 / 0"))
    monkeypatch.chdir(tmp_path)
    said = splitbrain("run", "./dying.py:Islands", "--time-limit", 3, "--seed", 1)
    assert (
        said.code == INFRASTRUCTURE and "ZeroDivisionError: division by zero (dying.py:17)" in said.out.split("\n")[0]
    )
    (tmp_path / "dying.py").write_text(
        text.replace("elif message.f", "elif message.f == 'read':\n            1 / 0\n        elif message.f", 1)
    )
    said = splitbrain("run", "./dying.py:Islands", "--time-limit", 3, "--seed", 1, "--workload", "register")
    assert said.code == UNKNOWN and "ZeroDivisionError: division by zero (dying.py:" in said.out.split("\n")[0]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "Response(self.data.get(message.key))",
            "Response(object())",
            "a value of type object, which a history cannot hold",
        ),
        ("        return []", "\0", "store.py: source code string cannot contain null bytes"),
    ],
)
def test_a_store_of_ones_own_with_a_mistake(splitbrain, tmp_path, monkeypatch, right, wrong, told):
    text = (Path(__file__).parents[3] / "examples" / "islands.py").read_text()
    assert right in text
    (tmp_path / "store.py").write_text(text.replace(right, wrong))
    monkeypatch.chdir(tmp_path)
    said = splitbrain("run", "./store.py:Islands", "--time-limit", 2, "--seed", 1)
    assert said.code == USAGE and told in said.err


def test_a_module_of_ones_own_that_is_broken_is_told_as_such(splitbrain, tmp_path, monkeypatch):
    (tmp_path / "broken_module.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    said = splitbrain("run", "broken_module:Store")
    assert said.code == USAGE and "ZeroDivisionError" in said.err
