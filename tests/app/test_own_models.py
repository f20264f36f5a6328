"""A model of a user's own for `check`: from a file or a module, and what is wrong with one in a sentence."""

import sys
from pathlib import Path

import pytest

from splitbrain.cli.exits import INVALID, UNKNOWN, USAGE, VALID

MODELS = """\
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.porcupine import ILLEGAL, Model, nondeterministic
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict


def step(state, call):
    if call.f == "add":
        return state + call.argument
    return state if call.result == state else ILLEGAL


def adder(start=0):
    return Model(name="adder", summary="adds", operations=("add", "read"), initial=start, step=step,
                 observes=frozenset({"read"}), pure=frozenset({"read"}))


ADDER = adder()
FROM = CatalogueEntry("adder", "adds", (Option("start", 0, "at first", least=None),), lambda s: adder(s["start"]))
LOSSY = nondeterministic(name="lossy", summary="may lose", operations=("add", "read"), initial=(0,),
    step=lambda total, call: (total, total + call.argument) if call.f == "add"
    else (total,) if call.result == total else (), observes=frozenset({"read"}))


class Suspicious:
    name = "suspicious"

    def check(self, history, budget):
        return Verdict(Validity.INVALID, "nothing is ever right", self.name)


SUSPICIOUS = Suspicious()
NUMBER = 7
def broken(): return 1 // 0
def bad_step(state, call): return call.argument.missing
BAD = Model(name="bad", summary="", operations=("add", "read"), initial=0, step=bad_step, observes=frozenset({"read"}))
"""
HISTORY = "0 :invoke :add 2\n0 :ok :add 2\n0 :invoke :read nil\n0 :ok :read {}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_models_of_a_user.py").write_text(MODELS)
    (tmp_path / "two.txt").write_text(HISTORY.format(2))
    (tmp_path / "none.txt").write_text(HISTORY.format(0))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "own_models_of_a_user", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "of_two", "of_none"),
    [
        ("ADDER", VALID, INVALID), ("adder", VALID, INVALID), ("FROM", VALID, INVALID), ("LOSSY", VALID, VALID),
        ("SUSPICIOUS", INVALID, INVALID), ("BAD", UNKNOWN, UNKNOWN),
    ],
)  # fmt: skip
def test_a_model_is_taken_from_a_file(splitbrain, folder, name, of_two, of_none):
    word = f"./own_models_of_a_user.py:{name}"
    assert splitbrain("check", "two.txt", "--model", word).code == of_two
    assert splitbrain("check", "none.txt", "--model", word).code == of_none


def test_a_model_is_taken_from_a_module(splitbrain, folder):
    assert splitbrain("check", "none.txt", "--model", "own_models_of_a_user:LOSSY").code == VALID


def test_an_entry_has_options(splitbrain, folder):
    word = "./own_models_of_a_user.py:FROM"
    assert splitbrain("check", "none.txt", "--model", word, "--set", "start=-2").code == VALID
    said = splitbrain("check", "none.txt", "--model", word, "--set", "begin=1")
    assert said.code == USAGE and "start" in said.err


def test_a_witness_is_told_of_a_model_of_ones_own(splitbrain, folder):
    said = splitbrain("check", "none.txt", "--model", "./own_models_of_a_user.py:ADDER")
    assert "ADDER: process 0 read 0 at event 3, which fits no order: the only reachable" in said.out


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("./missing.py:M", "model ./missing.py:M: there is no file ./missing.py"),
        ("no_such_module_anywhere:M", "No module named 'no_such_module_anywhere'"),
        ("./own_models_of_a_user.py:ADER", "has no 'ADER', did you mean ADDER?"),
        ("./own_models_of_a_user.py:NUMBER", "is no model but int"),
        ("./own_models_of_a_user.py:broken", "cannot be made: ZeroDivisionError"),
        (":M", "is no name of a module"),
    ],
)
def test_what_is_no_model_is_one_sentence(splitbrain, folder, word, says):
    said = splitbrain("check", "two.txt", "--model", word)
    assert said.code == USAGE and says in said.err and "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1
