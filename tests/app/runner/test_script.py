"""Schedules as data: what is written is read, hand-written ones are understood, wrong ones are told with their line."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator.scripted import ScriptedOperation
from splitbrain.harness.injection import Cut, Kill
from splitbrain.harness.operation import Operation
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.script import Script, ScriptedFault
from splitbrain.runner.spec import RunSpec

NAMES = ("n1", "n2", "n3", "n4", "n5")

KILL = """
[[fault]]
fault = "kill"
variant = "minority"
start = 0.5
duration = 1
nodes = ["n2", "n3"]
"""


def test_round_trip():
    script = Script(
        (
            ScriptedFault("kill", 5, 10, "one", injections=(Kill(("n1",), restarts=2),), value={"a": ("n1",)}),
            ScriptedFault("partition", 1_500_000_000, 7, injections=(Cut((("n1", "n2"),), queued=True),), once=True),
        ),
        (
            ScriptedOperation(0, 0, Operation("read", None, 'ke"y\x7f')),
            ScriptedOperation(3, 12_345_678_901, Operation("cas", (None, 3), 7)),
            ScriptedOperation(1, 12_345_678_902, Operation("txn", {"a b": (1.5, True)})),
        ),
    )
    read = Script.from_toml(script.to_toml(), "here")
    assert read.operations == script.operations
    assert [fault.injections for fault in read.faults] == [fault.injections for fault in script.faults]
    assert [(fault.start, fault.stop, fault.once) for fault in read.faults] == [
        (fault.start, fault.stop, fault.once) for fault in script.faults
    ]


def test_no_operations_are_not_those_of_the_workload():
    assert Script.from_toml(Script((), ()).to_toml(), "here").operations == ()
    assert Script.from_toml(Script().to_toml(), "here").operations is None


def test_named_nodes_are_hit():
    (slot,) = Script.from_toml(KILL, "here").schedule(NAMES, "here").slots
    plan_ = slot.fault.plan(slot.variant, None, None)
    assert plan_.injections[0].nodes == ("n2", "n3")
    assert (slot.start, slot.stop) == (500_000_000, 1_500_000_000)


def test_a_side_of_a_partition():
    text = (
        '[[fault]]\nfault = "partition:mode=lose"\nvariant = "halves"\nstart = 0\nduration = 1\nnodes = ["n1", "n4"]\n'
    )
    (slot,) = Script.from_toml(text, "here").schedule(NAMES, "here").slots
    (cut,) = slot.fault.plan(slot.variant, None, None).injections
    assert {frozenset(link) & {"n1", "n4"} for link in cut.links} == {frozenset({"n1"}), frozenset({"n4"})}
    assert not cut.queued


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("start = 0.5", "start = -1"), 5, "start is a number of seconds of at least 0, not -1"),
        (("duration = 1", ""), 2, "duration is missing"),
        (("duration", "durration"), 6, "did you mean duration"),
        (('"kill"', '"kil"'), 2, "did you mean kill"),
        (('"minority"', '"minorty"'), 2, "did you mean minority"),
        (('["n2", "n3"]', '["n2", "n9"]'), 2, "there is no node n9"),
        (('["n2", "n3"]', '["n2"]'), 2, "never hits n2 of 5 nodes"),
        (('nodes = ["n2", "n3"]', 'injections = [{ kind = "Kil" }]'), 7, "kind is one of"),
        (('nodes = ["n2", "n3"]', 'injections = [{ kind = "Kill", nodes = 3 }]'), 7, "Kill: expected `array`"),
        (("[[fault]]", "[[fautl]]"), 1, "did you mean fault"),
    ],
)
def test_wrong_files_are_told_with_their_line(change, line, words):
    with pytest.raises(UsageError) as caught:
        Script.from_toml(KILL.replace(*change), "f.toml").schedule(NAMES, "f.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"f.toml: line {line}: ")


@pytest.mark.parametrize("again", ["kill", "kill:restarts=2"])
def test_faults_of_one_name_do_not_overlap(again):
    text = KILL + f'[[fault]]\nfault = "{again}"\nstart = 1.4\nduration = 1\n'
    told = r"f.toml: line 8: kill starts at 1\.4 s, while kill of line 2 lasts until 1\.5 s: let one end before"
    with pytest.raises(UsageError, match=told):
        Script.from_toml(text, "f.toml").schedule(NAMES, "f.toml")
    for apart in (text.replace("1.4", "1.5"), KILL + text.removeprefix(KILL).replace(again, "partition")):
        assert len(Script.from_toml(apart, "f.toml").schedule(NAMES, "f.toml").slots) == 2


def test_what_happened_is_kept_and_repeats(tmp_path):
    spec = RunSpec("raft", workload="register", nemesis="kill,partition", time_limit=4, rate=50, seed=3)
    first = execute(plan(spec), tmp_path)
    text = (first.folder.path / "schedule.toml").read_text()
    again = RunSpec("raft", workload="register", time_limit=4, rate=50, seed=3, schedule=text)
    second = execute(plan(again), tmp_path)

    def begun(run):
        """The faults of the main phase; which leader is killed before the final reads is no part of a schedule."""
        return [(event.f, event.value) for event in run.history() if event.f.startswith("start-") and event.time < 5e9]

    assert begun(first) == begun(second) != []
    assert second.result.record.spec.schedule == text


def test_operations_of_a_schedule_are_all_there_are(tmp_path):
    text = KILL + '\n[[operation]]\nthread = 4\nat = 0.25\nf = "write"\nkey = "k"\nvalue = 3\n'
    spec = RunSpec("raft", workload="register", time_limit=2, seed=3, schedule=text)
    run = execute(plan(spec), tmp_path)
    (invoked,) = [event for event in run.history() if event.type == "invoke"]
    assert (invoked.process, invoked.f, invoked.key, invoked.value) == (4, "write", "k", 3)
    with pytest.raises(UsageError, match="there is no thread 4"):
        plan(RunSpec("raft", concurrency=2, schedule=text))


def test_a_schedule_excludes_a_nemesis(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(KILL)
    with pytest.raises(UsageError, match="leave --nemesis out"):
        plan(RunSpec("raft", nemesis="kill", schedule=str(path)))
    with pytest.raises(UsageError, match=r"line 2: kill starts at 0\.5 s, after the main phase is over"):
        plan(RunSpec("raft", time_limit=0.4, schedule=str(path)))
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        plan(RunSpec("raft", schedule=str(tmp_path / "none.toml")))
