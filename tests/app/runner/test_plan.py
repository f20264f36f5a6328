"""Checks of a spec before anything starts, and its command, which says all that differs from the defaults."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import View
from splitbrain.harness.injection import Kill
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.catalogue import FAULTS
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


@pytest.mark.parametrize("nemesis", ["packet", "all", "every", "storm,packet"])
def test_variants_that_real_nodes_cannot_suffer_are_left_out(nemesis):
    def packets(env):
        made = plan(RunSpec("raft", seed=1, env=env, nemesis=nemesis))
        assert "packet" in made.record().faults
        variants = {slot.variant for slot in made.schedule.planned if slot.fault.name == "packet"}
        return variants, next(fault for fault in made.faults if fault.name == "packet")

    variants, fault = packets("local")
    assert variants <= set(fault.variants) == {"delay", "loss", "duplicate", "reorder"}
    assert packets("sim")[1].variants == FAULTS["packet"].variants


@pytest.mark.parametrize(
    "given", ["kind=tail", "kind=reset", "kind=late-duplicate", "late_ms=500", "reset_ms=9", "tail=0.1"]
)
def test_what_is_asked_of_messages_by_name_is_refused_for_real_nodes(given):
    with pytest.raises(UsageError, match="packet cannot be done with --env local: TCP between real processes hides"):
        plan(RunSpec("raft", seed=1, env="local", nemesis=f"packet:{given}"))
    assert plan(RunSpec("raft", seed=1, nemesis=f"packet:{given}"))


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ('fault = "packet"\nvariant = "loss"', False),
        ('fault = "packet"\nvariant = "tail"', True),
        ('fault = "packet"\ninjections = [{ kind = "Impair", links = [["n1", "n2"]], loss = 0.5 }]', False),
        ('fault = "packet"\ninjections = [{ kind = "ImpairMessages", links = [["n1", "n2"]], reset_ms = 5 }]', True),
    ],
)
def test_a_schedule_for_real_nodes_may_have_what_can_be_done_to_them(tmp_path, entry, refused):
    file = tmp_path / "schedule.toml"
    file.write_text(f"[[fault]]\n{entry}\nstart = 1.0\nduration = 1.0\n")
    asked = RunSpec("raft", seed=1, env="local", schedule=str(file))
    if refused:
        with pytest.raises(UsageError, match="TCP between real processes hides"):
            plan(asked)
    else:
        assert plan(asked).record().faults == ("packet",)


def test_a_fault_that_needs_more_nodes_is_refused_before_anything_starts():
    with pytest.raises(UsageError, match=r"--nemesis partition \(halves, .*\) needs more than 1 --nodes"):
        plan(RunSpec("raft", seed=1, nemesis="partition,kill,packet", nodes=1))
    with pytest.raises(UsageError, match=r"--nemesis partition \(bridge\) needs more than 2 --nodes"):
        plan(RunSpec("raft", seed=1, nemesis="partition:topology=bridge", nodes=2))
    assert plan(RunSpec("raft", seed=1, nemesis="kill,pause,clock,disk,clock-rate", nodes=1))
    assert plan(RunSpec("raft", seed=1, nemesis="all,partition:topology=leader-isolated", nodes=2))


def test_where_one_node_is_a_server_it_is_hit():
    spec = RunSpec("sqlite", env="local", nemesis="kill,bitflip:files=data.db*,clock", seed=1)
    view = View(("n1", "n2", "n3", "n4", "n5"), {})
    for slot in plan(spec).schedule.planned:
        assert "n1" in str(made := slot.fault.plan(slot.variant, view, RandomStream(1, "x"))) and "n2" not in str(made)
    with pytest.raises(UsageError, match="of these nodes n1 alone is a server"):
        plan(replace(spec, nemesis="kill:size=minority"))
    text = '[[fault]]\nfault = "kill"\nstart = 0\nduration = 1\nnodes = ["n2"]\n'
    with pytest.raises(UsageError, match="never hits n2 of 5 nodes"):
        plan(replace(spec, nemesis="", schedule=text))
    (slot,) = plan(replace(spec, nemesis="", schedule=text.replace("n2", "n1"))).schedule.slots
    assert slot.fault.plan(slot.variant, view, RandomStream(1, "x")).injections == (Kill(("n1",)),)


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


def test_storms_are_paced_by_how_long_a_target_takes_to_serve_again():
    def strikes(target: str) -> int:
        specs = (
            RunSpec(target, seed=seed, env="local", nodes=3, nemesis="kill", time_limit=300.0) for seed in range(5)
        )
        return sum(slot.storm for spec in specs for slot in plan(spec).schedule.slots)

    quick, slow, slowest = map(strikes, ("etcd", "hazelcast", "cassandra"))
    assert quick > 3 * slow > 3 * slowest > 0


def test_where_no_workload_is_named_it_is_the_first_that_fits():
    assert plan(RunSpec("raft", seed=1, workload=None)).spec.workload == "mixed"
    assert "--workload" not in plan(RunSpec("raft", seed=1, workload=None)).record().command
    assert plan(RunSpec("raft", seed=1, workload="set")).spec.workload == "set"
    assert plan(RunSpec("cassandra:cl=ONE", seed=1)).spec.workload == "unique-register"
    assert plan(RunSpec("cassandra:lwt=on", seed=1)).spec.workload == "register"


@pytest.mark.parametrize(("hold", "timeout"), [("10", 5.0), ("5", 5.0), ("0.5", 0.2)])
def test_an_operation_that_lasts_as_long_as_its_deadline_is_refused(hold, timeout):
    with pytest.raises(UsageError) as refused:
        plan(RunSpec("lock", seed=1, workload="lock", timeout=timeout, settings={"hold_seconds": hold}))
    assert str(refused.value) == (
        f"workload lock: with hold_seconds={hold} one operation lasts {hold} s, and its deadline is {timeout:g} s: "
        "raise it with --timeout"
    )
    longer = plan(
        RunSpec("lock", seed=1, workload="lock", timeout=timeout, settings={"hold_seconds": str(timeout / 2)})
    )
    assert longer.settings["hold_seconds"] == timeout / 2
