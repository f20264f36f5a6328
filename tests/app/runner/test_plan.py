"""A spec is checked before anything starts, and its command says all that differs from the defaults."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import plan
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import RunSpec


def test_the_command_says_what_differs_from_the_defaults():
    assert RunSpec("raft", seed=4).command() == "splitbrain run raft --seed 4"
    spec = RunSpec("raft:reads=local", seed=4, nemesis="kill:size=one,aim=leader", rate=0.5, settings={"values": "3"})
    words = shlex.split(spec.command())
    assert words == [
        "splitbrain", "run", "raft:reads=local", "--nemesis", "kill:size=one,aim=leader", "--rate", "0.5",
        "--set", "values=3", "--seed", "4",
    ]  # fmt: skip


def test_large_numbers_are_not_rounded_in_the_command():
    assert "--rate 1234567.5 " in RunSpec("raft", seed=4, rate=1234567.5).command()


def test_preparing_resolves_all_and_spells_the_faults_out():
    made = plan(RunSpec("raft", seed=1, nemesis="all"))
    assert made.names == ("n1", "n2", "n3", "n4", "n5")
    assert made.record().faults == ("partition", "kill", "pause", "clock", "packet", "disk")
    assert made.record().env == "sim" and made.record().options["reads"] == "log"


def test_an_environment_that_the_target_does_not_offer(monkeypatch):
    monkeypatch.setattr(
        "splitbrain.targets.stores.StoreTarget.deployments", plan(RunSpec("raft", seed=1)).target.deployments[1:]
    )
    with pytest.raises(UsageError, match="does not run with --env sim; it does with local"):
        plan(RunSpec("raft", seed=1, env="sim"))


def test_a_fault_that_these_nodes_cannot_suffer_is_refused_before_anything_starts(monkeypatch):
    process = plan(RunSpec("raft", seed=1, env="local", nemesis="clock-rate")).deployment
    monkeypatch.setattr("splitbrain.targets.stores.StoreTarget.deployments", (replace(process, relative_waits=False),))
    with pytest.raises(UsageError, match="clock-rate cannot be done with --env local: the rate of the monotonic clock"):
        plan(RunSpec("raft", seed=1, env="local", nemesis="clock-rate"))
    with pytest.raises(UsageError, match="compact cannot be done with --env local: these nodes cannot be asked for it"):
        plan(RunSpec("raft", seed=1, env="local", nemesis="compact"))
    assert plan(RunSpec("raft", seed=1, env="local", nemesis="clock")).record().faults == ("clock",)


def test_a_fault_that_needs_more_nodes_is_refused_before_anything_starts():
    with pytest.raises(UsageError, match=r"--nemesis partition \(halves, .*\) needs more than 1 --nodes"):
        plan(RunSpec("raft", seed=1, nemesis="partition,kill,packet", nodes=1))
    with pytest.raises(UsageError, match=r"--nemesis partition \(bridge\) needs more than 2 --nodes"):
        plan(RunSpec("raft", seed=1, nemesis="partition:topology=bridge", nodes=2))
    assert plan(RunSpec("raft", seed=1, nemesis="kill,pause,clock,disk,clock-rate", nodes=1))
    assert plan(RunSpec("raft", seed=1, nemesis="all,partition:topology=leader-isolated", nodes=2))


def test_how_often_faults_come_and_how_long_they_last():
    spec = RunSpec("raft", seed=4, nemesis="kill", nemesis_interval=10.0, nemesis_duration=2.5)
    assert spec.command() == (
        "splitbrain run raft --nemesis kill --nemesis-interval 10 --nemesis-duration 2.5 --seed 4"
    )
    made = plan(spec)
    assert [slot.duration for slot in made.schedule.slots] == [2_500_000_000] * 6
    starts = [slot.start for slot in made.schedule.slots]
    assert {later - earlier for earlier, later in pairwise(starts)} == {10_000_000_000}
    assert RunRecord.from_toml(made.record().to_toml(), "here") == made.record()
    assert "nemesis_interval" not in plan(RunSpec("raft", seed=4)).record().to_toml()
    with pytest.raises(UsageError, match="does not fit into an interval"):
        plan(replace(spec, nemesis_duration=20.0))


def test_nodes_that_end_by_themselves_are_started_again_where_that_can_be_done():
    spec = RunSpec("raft", seed=1, env="local", respawn=True)
    assert spec.command() == "splitbrain run raft --env local --respawn --seed 1"
    made = plan(spec)
    assert made.deployment.respawn and made.record().spec.respawn
    assert not plan(RunSpec("raft", seed=1, env="local")).deployment.respawn
    assert plan(RunSpec("raft", seed=1, env="sim", respawn=True)).environment.name == "sim"
    with pytest.raises(UsageError, match="--respawn is for nodes that are started here"):
        plan(RunSpec("etcd:endpoints=http://127.0.0.1:1", seed=1, respawn=True))


def test_where_no_workload_is_named_it_is_the_first_that_fits():
    assert plan(RunSpec("raft", seed=1, workload=None)).spec.workload == "mixed"
    assert "--workload" not in plan(RunSpec("raft", seed=1, workload=None)).record().command
    assert plan(RunSpec("raft", seed=1, workload="set")).spec.workload == "set"
    assert plan(RunSpec("cassandra:cl=ONE", seed=1)).spec.workload == "unique-register"
    assert plan(RunSpec("cassandra:lwt=on", seed=1)).spec.workload == "register"
