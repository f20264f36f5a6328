"""A user's code in the process of a command: what it prints is no answer, and its end is no verdict."""

from pathlib import Path

import pytest

from splitbrain.cli.exits import INFRASTRUCTURE, VALID

STORE = """
import os
from splitbrain.harness.program import Reply
from splitbrain.targets.stores import Request, Response, StoreTarget, shapes

class One:
    message_type, request_type, reply_type = type(None), Request, Response

    def __init__(self, name, nodes, random):
        self.data = {}

    def on_start(self, now, disk):
        return []

    def on_request(self, now, request, message):
        print("a request came")
        {more}
        if message.f == "write":
            self.data[message.key] = message.value
        return [Reply(request, Response(self.data.get(message.key)))]

class Ones(StoreTarget):
    name, summary, options = "ones", "one node", ()
    claims, program = ("linearizable",), One
    operations = shapes("read", "write")
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ones.py"


def test_what_a_store_prints_goes_to_standard_error(splitbrain, store):
    store.write_text(STORE.replace("{more}", "pass"))
    said = splitbrain("run", "./ones.py:Ones", "--nodes", 1, "--time-limit", 1, "--json")
    assert said.code == VALID and said.objects[0]["verdict"] == "valid"
    assert "a request came" in said.err and "a request came" not in said.out


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_store_that_ends_the_process_decides_no_exit_code(splitbrain, store, status):
    store.write_text(STORE.replace("{more}", f"os._exit({status})"))
    said = splitbrain("run", "./ones.py:Ones", "--nodes", 1, "--time-limit", 1, "--json")
    assert said.code == INFRASTRUCTURE and f"os._exit({status})" in said.objects[0]["reason"]


def test_help_and_answers_stay_on_standard_output(splitbrain):
    assert "Usage: splitbrain run" in splitbrain("run", "--help").out
    for _ in range(2):
        assert "raft" in splitbrain("list", "targets").out
