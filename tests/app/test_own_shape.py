"""Targets of a user's own whose attributes or methods are of the wrong kind: one sentence each, with the place."""

import re

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError

PARTS = """
from splitbrain.targets.stores import Single

class Bare:
    pass

class Client:
    async def open(self): ...
    async def setup(self): ...
    async def invoke(self, operation): return RESULT
    async def teardown(self): ...
    async def close(self): ...

class Store(Single):
"""
LINE = PARTS.count("\n")
ATTRIBUTES = {
    "name = None": "name has to be a text, not None",
    "summary = 3": "summary has to be a text, not 3",
    "options = None": "options has to be a sequence of Option, not None",
    "options = (1,)": "options has to be a sequence of Option, not (1,)",
    "claims = None": "claims has to be a sequence of texts, not None",
    "claims = 'linearizable'": "claims has to be a sequence of texts, not 'linearizable'",
    "operations = None": "operations has to be a mapping of names to Shape",
    "operations = ['read', 'write']": "operations has to be a mapping of names to Shape",
    "operations = {'read': 'int'}": "operations has to be a mapping of names to Shape",
    "errors = None": "errors has to be an ErrorTable, not None",
    "deployments = ()": "deployments has to be one Deployment or more",
    "deployments = None": "deployments has to be one Deployment or more",
    "deployments = (1,)": "deployments has to be one Deployment or more",
    "settings = property(lambda self: None, lambda self, value: None)": "settings has to be a mapping",
    "log_patterns = None": "log_patterns has to be a sequence of Pattern",
    "log_patterns = ['panic']": "log_patterns has to be a sequence of Pattern",
    "invariants = 5": "invariants has to be a sequence of Invariant",
    "audit = None": "audit has to be a method, not None",
    "settle = 3": "settle has to be a method, not 3",
    "default_workload = 7": "default_workload has to be the name of a workload, not 7",
}
METHODS = {
    "def client(self, node): return None": "client() has to return a client with open, setup, invoke",
    "def client(self, node): return Bare()": "client() has to return a client with open, setup, invoke",
    "async def roles(self, nodes): return None": "roles() has to return a mapping of nodes' names to roles, not None",
    "async def roles(self, nodes): return {'n1': 3}": "roles() has to return a mapping of nodes' names to roles",
    "def roles(self, nodes): return {}": "names to roles, and be async, not {}",
}


@pytest.fixture
def carried_out(tmp_path, monkeypatch):
    """Run a store whose class has this line."""

    def carry_out(line: str, result: str = "None"):
        (tmp_path / "store.py").write_text(f"{PARTS.replace('RESULT', result)}    {line}\n")
        monkeypatch.chdir(tmp_path)
        return run("./store.py:Store", nodes=2, nemesis="kill", time_limit=2, seed=1, out=tmp_path)

    return carry_out


@pytest.mark.parametrize("line", ATTRIBUTES)
def test_attributes_of_the_wrong_kind(carried_out, line):
    with pytest.raises(UsageError, match=re.escape(ATTRIBUTES[line])) as said:
        carried_out(line)
    assert f"at store.py:{LINE}" in str(said.value) or f"store.py:{LINE + 1}" in str(said.value)


@pytest.mark.parametrize("line", METHODS)
def test_methods_that_return_the_wrong_kind(carried_out, line):
    with pytest.raises(UsageError, match=re.escape(METHODS[line])) as said:
        carried_out(line)
    assert f"at store.py:{LINE + 1};" in str(said.value)


@pytest.mark.parametrize("result", ["None", "3"])
def test_a_client_that_returns_no_outcome_is_an_unknown_run_with_the_reason(carried_out, result):
    finished = carried_out("def client(self, node): return Client()", result)
    assert finished.status.value == "unknown" and f"invoke returned {result}, which is no outcome" in finished.reason


def test_an_audit_without_a_verdict_is_an_unknown_run_with_the_reason(carried_out):
    finished = carried_out("async def audit(self, nodes): return None")
    assert finished.status.value == "unknown"
    assert f"audit() has to return a Verdict, not None, at store.py:{LINE + 1}" in finished.reason


def test_what_is_of_the_right_kind_runs(carried_out):
    finished = carried_out("claims = ('linearizable',)")
    assert finished.status.value == "valid"
