"""Tokens: a run in one word."""

import pytest

from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.runner import token
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.token import Token

SPEC = RunSpec("raft", nemesis="kill", settings={"values": "3"}, seed=-5, schedule="format = 1\n")


def test_round_trip():
    assert Token.read(Token(SPEC).word()).spec == SPEC


@pytest.mark.parametrize("budget", [Budget(10.0), Budget(10.0, bytes=1 << 30), Budget(configurations=5)])
def test_a_budget_is_kept(budget):
    spec = RunSpec("raft", budget=budget)
    assert Token.read(Token(spec).word()).spec == spec


def test_every_field_is_kept_when_it_is_not_its_default():
    """Fields whose values JSON can hold: one that it cannot would end a run with an internal error."""
    given = {}
    for declared in RunSpec.fields():
        other = {int: 7, float: 0.5, bool: not declared.default, str: "x", dict: {"values": "3"}, Budget: Budget(9.0)}
        given[declared.name] = other[declared.kind]
    read = Token.read(Token(RunSpec(**given)).word()).spec
    assert all(getattr(read, name) == value for name, value in given.items())


def test_damage_is_noticed():
    word = Token(SPEC).word()
    for at in range(len(token.PREFIX), len(word) - 1):
        other = "A" if word[at] != "A" else "B"
        with pytest.raises(UsageError, match="damaged"):
            Token.read(word[:at] + other + word[at + 1 :])
    with pytest.raises(UsageError, match="damaged"):
        Token.read(word[:-7])


def test_another_version_is_named():
    with pytest.raises(UsageError, match=r"splitbrain==0\.0\.7"):
        Token.read(Token(SPEC, "0.0.7").word())
