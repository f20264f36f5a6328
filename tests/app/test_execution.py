"""A wish is checked before anything starts, and its command says all that differs from the defaults."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest

from splitbrain import registry
from splitbrain.execution import Wish, prepare
from splitbrain.harness.errors import UsageError
from splitbrain.results.recipe import Recipe


def test_the_command_says_what_differs_from_the_defaults():
    assert Wish("raft", 4).command() == "splitbrain run raft --seed 4"
    wish = Wish("raft:reads=local", 4, nemesis="kill:size=one,aim=leader", rate=0.5, settings={"values": "3"})
    words = shlex.split(wish.command())
    assert words == [
        "splitbrain", "run", "raft:reads=local", "--nemesis", "kill:size=one,aim=leader", "--rate", "0.5",
        "--set", "values=3", "--seed", "4",
    ]  # fmt: skip


def test_large_numbers_are_not_rounded_in_the_command():
    assert "--rate 1234567.5 " in Wish("raft", 4, rate=1234567.5).command()


def test_preparing_resolves_all_and_spells_the_faults_out():
    prepared = prepare(Wish("raft", 1, nemesis="all"))
    assert prepared.names == ("n1", "n2", "n3", "n4", "n5")
    assert prepared.recipe.nemesis == ("partition", "kill", "pause", "clock", "packet", "disk")
    assert prepared.recipe.env == "sim" and prepared.recipe.options["reads"] == "log"


def test_an_environment_that_the_target_does_not_offer(monkeypatch):
    monkeypatch.setattr(
        "splitbrain.targets.stores.StoreTarget.deployments", prepare(Wish("raft", 1)).target.deployments[1:]
    )
    with pytest.raises(UsageError, match="does not run with --env sim; it does with local"):
        prepare(Wish("raft", 1, env="sim"))


def test_a_fault_that_these_nodes_cannot_suffer_is_refused_before_anything_starts(monkeypatch):
    process = prepare(Wish("raft", 1, env="local", nemesis="clock-rate")).deployment
    monkeypatch.setattr("splitbrain.targets.stores.StoreTarget.deployments", (replace(process, relative_waits=False),))
    with pytest.raises(UsageError, match="clock-rate cannot be done with --env local: the rate of the monotonic clock"):
        prepare(Wish("raft", 1, env="local", nemesis="clock-rate"))
    with pytest.raises(UsageError, match="compact cannot be done with --env local: these nodes cannot be asked for it"):
        prepare(Wish("raft", 1, env="local", nemesis="compact"))
    assert prepare(Wish("raft", 1, env="local", nemesis="clock")).recipe.nemesis == ("clock",)


def test_a_fault_that_needs_more_nodes_is_refused_before_anything_starts():
    with pytest.raises(UsageError, match=r"--nemesis partition \(halves, .*\) needs more than 1 --nodes"):
        prepare(Wish("raft", 1, nemesis="partition,kill,packet", nodes=1))
    with pytest.raises(UsageError, match=r"--nemesis partition \(bridge\) needs more than 2 --nodes"):
        prepare(Wish("raft", 1, nemesis="partition:topology=bridge", nodes=2))
    assert prepare(Wish("raft", 1, nemesis="kill,pause,clock,disk,clock-rate", nodes=1))
    assert prepare(Wish("raft", 1, nemesis="all,partition:topology=leader-isolated", nodes=2))


def test_how_often_faults_come_and_how_long_they_last():
    wish = Wish("raft", 4, nemesis="kill", nemesis_interval=10.0, nemesis_duration=2.5)
    assert wish.command() == (
        "splitbrain run raft --nemesis kill --nemesis-interval 10 --nemesis-duration 2.5 --seed 4"
    )
    prepared = prepare(wish)
    assert [slot.duration for slot in prepared.schedule.slots] == [2_500_000_000] * 6
    starts = [slot.start for slot in prepared.schedule.slots]
    assert {later - earlier for earlier, later in pairwise(starts)} == {10_000_000_000}
    assert Recipe.from_toml(prepared.recipe.to_toml(), "here") == prepared.recipe
    assert "nemesis_interval" not in prepare(Wish("raft", 4)).recipe.to_toml()
    with pytest.raises(UsageError, match="does not fit into an interval"):
        prepare(replace(wish, nemesis_duration=20.0))


def test_nodes_that_end_by_themselves_are_started_again_where_that_can_be_done():
    wish = Wish("raft", 1, env="local", respawn=True)
    assert wish.command() == "splitbrain run raft --env local --respawn --seed 1"
    prepared = prepare(wish)
    assert prepared.deployment.respawn and prepared.recipe.respawn
    assert not prepare(Wish("raft", 1, env="local")).deployment.respawn
    assert prepare(Wish("raft", 1, env="sim", respawn=True)).environment.name == "sim"
    with pytest.raises(UsageError, match="--respawn is for nodes that are started here"):
        prepare(Wish("etcd:endpoints=http://127.0.0.1:1", 1, respawn=True))


def test_where_no_workload_is_named_it_is_the_first_that_fits():
    assert prepare(Wish("raft", 1, workload="")).wish.workload == "register"
    assert "--workload" not in prepare(Wish("raft", 1, workload="")).recipe.command
    assert prepare(Wish("raft", 1, workload="set")).wish.workload == "set"
    assert next(registry.fitting(registry.target("cassandra:cl=ONE"))) == "rw-register"
    assert next(registry.fitting(registry.target("cassandra:lwt=on"))) == "register"
