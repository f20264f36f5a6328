"""Mistakes in a user's own store: each is told with the node and the line of the user's code."""

import pytest

from splitbrain import run
from splitbrain.cli.exits import USAGE
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import UsageError

STORE = """
from splitbrain.harness.program import Reply
from splitbrain.targets.stores import Request, Response, StoreTarget, shapes

class Program:
    message_type, request_type, reply_type = type(None), Request, Response
    def __init__(self, name, nodes, random): ...
    def on_start(self, now, disk): return []
    def on_request(self, now, request, message):
        return [Reply(request, ANSWER)]

class Store(StoreTarget):
    name, summary, options = "store", "what it is", ()
    claims, program = ("linearizable",), Program
    operations = shapes("read", "write", "cas", "add", "append", "increment")
"""
HANDLER = STORE.splitlines().index("    def on_request(self, now, request, message):") + 1


@pytest.fixture
def answering(tmp_path, monkeypatch):
    """Run a store that gives this answer to everything."""

    def carry_out(answer: str, workload: str, more: str = "", **asked):
        (tmp_path / "store.py").write_text(STORE.replace("ANSWER", answer) + more)
        monkeypatch.chdir(tmp_path)
        return run("./store.py:Store", workload=workload, time_limit=2, seed=1, out=tmp_path, **asked)

    return carry_out


@pytest.mark.parametrize(
    ("workload", "words"),
    [("list", "a read of a list returns its elements, not 1"), ("set", "a read of a set returns its elements, not 1"),
     ("mixed", "a read of a list returns its elements, not 1")],
)  # fmt: skip
def test_an_answer_of_the_wrong_kind_is_told_with_node_operation_and_line(answering, workload, words):
    with pytest.raises(UsageError) as said:
        answering("Response(1)", workload)
    told = str(said.value)
    assert told.startswith("target ./store.py:Store: n") and "answered a `read`" in told and " s in a way" in told
    assert words in told and told.endswith(f"answered by on_request at store.py:{HANDLER}")


def test_an_answer_of_the_wrong_kind_by_a_client_names_the_method_that_made_it(answering):
    more = """
class Client:
    async def open(self): ...
    async def setup(self): ...
    async def invoke(self, operation): return Outcome.ok(1)
    async def teardown(self): ...
    async def close(self): ...

from splitbrain.harness.operation import Outcome
Store.program = property(lambda self: Program)
def client(self, node): return Client()
Store.client = client
"""
    with pytest.raises(UsageError, match=r"n\d answered .* answered by client at store\.py:\d+$"):
        answering("Response(1)", "list", more)


def test_an_error_word_that_no_row_has_is_named_once(answering):
    finished = answering("Response(error='precondtion' if message.f == 'read' else None)", "register")
    notes = [note for note in finished.result.notes if "precondtion" in note]
    assert notes == [
        "error 'precondtion' is in no row of the target's error table, did you mean precondition?: what failed with it "
        "counts as unknown"
    ]
    assert any(event.error[1].startswith("StoreError 'precondtion'") for event in finished.history() if event.error)


@pytest.mark.parametrize("error", ["BaseException", "GeneratorExit", "asyncio.CancelledError"])
def test_an_error_that_is_no_exception_is_a_crash_of_the_node_too(answering, error):
    more = f"import asyncio\ndef boom(): raise {error}('enough')"
    finished = answering("boom()", "register", more)
    assert f"{error.rpartition('.')[2]}: enough (store.py:" in finished.reason


@pytest.mark.parametrize("error", ["BaseException(0)", "SystemExit(0)", "SystemExit(1)", "GeneratorExit"])
def test_no_error_of_a_users_code_chooses_the_exit_code_of_a_verdict(splitbrain, tmp_path, error):
    (tmp_path / "store.py").write_text(f"{STORE}    @property\n    def errors(self): raise {error}\n")
    said = splitbrain("run", f"{tmp_path}/store.py:Store", "--time-limit", 1, "--out", tmp_path / "runs")
    assert said.code == USAGE and "store.py:" in said.err and "Traceback" not in said.err


def test_a_node_that_ends_itself_while_it_answers_is_noted_with_the_line(answering):
    finished = answering("Response(1) if message.f == 'read' else exit('enough')", "register", nodes=2)
    assert f"ended itself at 0.001652981 s: enough (store.py:{HANDLER + 1})" in finished.reason


@pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")
def test_a_mistake_in_a_real_environment_is_the_users_too(answering):
    more = "    async def roles(self, nodes): return {}[0]\n"
    with pytest.raises(UsageError, match=r"code of yours failed: KeyError: 0, at store\.py:\d+"):
        answering("Response(None)", "register", more, env="local", nodes=1, nemesis="kill")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("Store.claims = ('linerizable',)", "nothing judges the claim 'linerizable', did you mean linearizable?"),
        ("Store.program = 5", "program has to be a class, or a function that makes a program, not 5"),
        ("shapes('raed')", "there is no operation 'raed', did you mean read? There are"),
    ],
)
def test_a_word_that_means_nothing_is_told_before_anything_runs(answering, more, words):
    with pytest.raises(UsageError) as said:
        answering("Response(None)", "register", more)
    assert words in str(said.value)


@pytest.mark.parametrize(
    ("effect", "words"),
    [("Append('log', 1)", "it wrote 1 to log: what is written is bytes"), ("Replace(None, b'')", "it wrote to None")],
)
def test_a_write_of_what_is_no_bytes_is_told_with_the_line(answering, effect, words):
    more = f"""
from splitbrain.harness.program import Append, Replace
def on_start(self, now, disk): return [{effect}]
Program.on_start = on_start
"""
    finished = answering("Response(1)", "register", more)
    assert words in finished.reason and "store.py:" in finished.reason
