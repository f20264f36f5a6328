"""Every field of a specification, from the command line to test.toml, to the command that repeats it, and back."""

import json
import shlex
from dataclasses import fields
from typing import Any

import click
import pytest

import splitbrain
from splitbrain.cli.spec_options import spec_of, spec_options
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.runner.fields import SpecField
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import RunSpec

FIELDS = {declared.name: declared for declared in RunSpec.fields()}


def parsed(words: list[str]) -> RunSpec:
    """The specification of a command line."""
    found: list[RunSpec] = []

    @click.command()
    @spec_options
    def command(**asked: Any) -> None:
        found.append(spec_of(asked))

    command.main(words, standalone_mode=False)
    return found[0]


def sample(declared: SpecField) -> Any:
    """A value that is not the default."""
    if declared.kind is bool:
        return not declared.default
    if declared.kind is dict:
        return {"keys": "3", "who": "a b'c"}
    if declared.name == "known":
        return "registers,set/lost"
    if declared.kind is str:
        return "some:thing=a,b c"
    if declared.kind is Budget:
        return Budget(12.5, 3_000_000, 5 << 20)
    return 7 if declared.kind is int else 1234567.25


def typed(declared: SpecField, value: Any) -> list[str]:
    """The words of the command line for it."""
    if declared.required:
        return [value]
    if declared.kind is dict:
        return [word for key, text in value.items() for word in (declared.word, f"{key}={text}")]
    return [declared.word] if value is True else [declared.word, declared.shown(value)]


def test_every_field_is_declared_with_what_is_said_of_it():
    assert [declared.name for declared in fields(RunSpec)] == list(FIELDS)
    assert all(declared.about.help.endswith(".") for declared in FIELDS.values())


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_goes_from_the_command_line_to_the_record_and_to_the_command_and_back(name):
    declared = FIELDS[name]
    value = sample(declared)
    words = typed(declared, value)
    spec = parsed(words if declared.required else ["raft", *words])
    assert getattr(spec, name) == value
    others = {other: getattr(spec, other) for other in FIELDS if other not in (name, "target")}
    assert all(found == FIELDS[other].default for other, found in others.items())
    record = RunRecord(spec, spec.command())
    assert RunRecord.from_toml(record.to_toml(), "here") == record
    assert RunSpec.from_plain(json.loads(json.dumps(spec.to_plain()))) == spec
    program, run, *again = shlex.split(spec.command())
    assert (program, run) == ("splitbrain", "run") and parsed(again) == spec
    assert RunSpec(**({"target": "raft"} | {name: value})) == spec


@pytest.mark.parametrize("name", [name for name, declared in FIELDS.items() if not declared.required])
def test_what_is_the_default_does_not_stand_in_the_command(name):
    assert RunSpec("raft", **{name: FIELDS[name].default}).command() == "splitbrain run raft"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seed": 1 << 63}, "--seed is a whole number from -9223372036854775808 to 9223372036854775807, not"),
        ({"nodes": 0}, "--nodes is a whole number from 1 to 100, not 0"),
        ({"nodes": 2.5}, "--nodes is a whole number from 1 to 100, not 2.5"),
        ({"nodes": True}, "--nodes is a whole number from 1 to 100, not True"),
        ({"rate": -1}, "--rate is a number of operations a second of at least 0, not -1"),
        ({"rate": float("nan")}, "--rate"),
        ({"timeout": "1e300"}, "--timeout is a duration, such as 60s, 2m or 0.5, above 0 and at most 31536000 seconds"),
        ({"time_limit": "soon"}, "--time-limit is a duration"),
        ({"time_limit": float("inf")}, "--time-limit is a duration"),
        ({"respawn": "perhaps"}, "--respawn is on or off, not 'perhaps'"),
        ({"settings": ["values"]}, "--set is KEY=VALUE pairs"),
        ({"nemesis": 3}, "--nemesis is a text, not 3"),
        ({"seed": 1 << 70}, "--seed"),
        ({"target": ""}, "a run needs a target"),
        ({"target": "etcd:endpoints=http://me:secret@127.0.0.1:1"}, "a password in a URL would be kept"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_in_one_sentence(fields, told):
    with pytest.raises(UsageError) as wrong:
        RunSpec(**({"target": "raft"} | fields))
    assert told in str(wrong.value) and "\n" not in str(wrong.value)


def test_values_may_be_given_as_people_write_them():
    spec = RunSpec("raft", time_limit="2m", timeout="500ms", nodes="3", nemesis=["kill", "pause"], settings={"a": True})
    assert (spec.time_limit, spec.timeout, spec.nodes, spec.nemesis) == (120.0, 0.5, 3, "kill,pause")
    assert spec.settings == {"a": "on"}


def test_an_option_that_does_not_exist_is_told_with_one_that_does():
    with pytest.raises(UsageError, match=r"run\.toml: a run has no option 'node', did you mean nodes\?"):
        RunSpec.from_plain({"target": "raft", "node": 3}, "run.toml")


def test_the_package_offers_the_calls():
    assert splitbrain.RunSpec is RunSpec and callable(splitbrain.run) and callable(splitbrain.check)
    with pytest.raises(AttributeError, match="nothing"):
        splitbrain.nothing  # noqa: B018
