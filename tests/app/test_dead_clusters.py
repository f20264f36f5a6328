"""A cluster that is dead, or a node that died, is never valid."""

from pathlib import Path

import pytest

from splitbrain.cli.exits import INVALID, UNKNOWN

from ..harness.environments.local.inside import needs_namespaces

ONE_ELECTION = """
from functools import partial

from splitbrain.targets.stores.raft.node import CORRECT, RaftNode
from splitbrain.targets.stores.raft.target import Raft


class NeverAgain(RaftNode):
    def on_timer(self, now, name):
        return () if name == "election" and self.server.term else super().on_timer(now, name)


class OneElection(Raft):
    @property
    def program(self):
        return partial(NeverAgain, settings=self._raft, parts=CORRECT)
"""
DIES_OF_A_READ = "elif message.f == 'read' and len(self.data) > 3:\n            assert False\n        elif message.f"


@pytest.mark.parametrize("liveness", [False, True])
def test_a_cluster_that_never_elects_again(splitbrain, tmp_path, monkeypatch, liveness: bool) -> None:
    (tmp_path / "once.py").write_text(ONE_ELECTION)
    monkeypatch.chdir(tmp_path)
    asked = ("--liveness", 3) if liveness else ()
    said = splitbrain("run", "./once.py:OneElection", "--nemesis", "kill:aim=leader", "--time-limit", 12, "--seed", 1,
                      "--json", *asked)  # fmt: skip
    checks = {check["name"]: check["verdict"] for check in said.objects[0]["checks"]}
    assert checks["service"] == "unknown"
    assert said.code == (INVALID if liveness else UNKNOWN)
    assert checks.get("liveness") == ("invalid" if liveness else None)


@pytest.mark.parametrize("env", ["sim", pytest.param("local", marks=needs_namespaces)])
def test_a_node_that_dies_of_an_assertion(splitbrain, tmp_path, monkeypatch, env: str) -> None:
    example = (Path(__file__).parents[2] / "examples" / "islands.py").read_text()
    (tmp_path / "dying.py").write_text(example.replace("elif message.f", DIES_OF_A_READ, 1))
    monkeypatch.chdir(tmp_path)
    said = splitbrain("run", "./dying.py:Islands", "--env", env, "--nodes", 1, "--time-limit", 4, "--seed", 1,
                      "--workload", "register", "--set", "operations_per_key=20", "--rate", 200)  # fmt: skip
    assert said.code == UNKNOWN
    assert "AssertionError" in said.out


def test_leaders_that_answer_each_other_without_end(splitbrain) -> None:
    said = splitbrain("run", "raft:bug=half-is-a-majority", "--nodes", 3, "--seed", 3, "--nemesis", "partition,kill",
                      "--time-limit", 10, "--model", "claim", "--json")  # fmt: skip
    checks = {check["name"]: check["verdict"] for check in said.objects[0]["checks"]}
    assert said.code == INVALID
    assert checks["invariants"] == "invalid"
    assert checks["crashes"] == "unknown"
