"""Tokens: a run in one word."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.runner import token
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.token import Token

SPEC = RunSpec("raft", nemesis="kill", settings={"values": "3"}, seed=-5, schedule="format = 1\n")


def test_round_trip():
    assert Token.read(Token(SPEC).word()).spec == SPEC


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
