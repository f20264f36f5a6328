"""Descriptions of servers: what is read from a file, and the sentence for each mistake in one."""

from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Operation
from splitbrain.targets.binary import Binary
from splitbrain.targets.binary.client import value_in
from splitbrain.targets.binary.template import fill, in_url, of_operation, of_place
from splitbrain.targets.servers.errors import ServerError

EXAMPLE = Path(__file__).parents[3] / "examples" / "register.toml"
WHOLE = 'command = ["./server"]\nport = 1\n[operations.read]\nhttp = "GET /{key}"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "server.toml"
    path.write_text(text)
    return f"binary:{path}"


def test_the_example_is_a_target() -> None:
    target = registry.target(f"binary:{EXAMPLE}")
    assert isinstance(target, Binary)
    assert list(target.operations) == ["read", "write", "cas"] and target.claims == ("linearizable",)
    assert [deployment.environment for deployment in target.deployments] == ["local"]
    assert list(registry.fitting(target)) == ["register", "unique-register", "causal", "session", "availability"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "missing required field `command`"),
        (WHOLE.replace("port = 1", 'port = "x"'), "expected `int`, got `str` - at `$.port`"),
        (WHOLE.replace("port = 1", "prot = 1"), "contains unknown field `prot`"),
        (WHOLE.replace('["./server"]', "[]"), "command is empty"),
        (WHOLE.replace("operations.read", "operations.raed"), "an operation is one of read, write, cas"),
        (WHOLE + 'resp = ["GET"]\n', "operation read needs either http or resp"),
        (WHOLE.replace("GET /{key}", "/{key}"), 'http is "METHOD /path"'),
        (WHOLE + '[operations.write]\nhttp = "PUT /{key}"\nnil = [404]\n', "nil has no meaning"),
        (WHOLE + '[errors]\n503 = { kind = "gone" }\n', "invalid enum value 'gone'"),
        ("command = [", "server.toml: "),
        (WHOLE.replace("port = 1", "port = 0"), "port is a number from 1 to 65535, not 0"),
        (WHOLE.replace("port = 1", "port = 99999"), "port is a number from 1 to 65535, not 99999"),
        (WHOLE.replace("port = 1", "port = 1\nready_seconds = nan"), "ready_seconds is a number of seconds above 0"),
        (WHOLE.replace("port = 1", "port = 1\nrecovery_seconds = 0"), "recovery_seconds is a number of seconds"),
        (WHOLE.replace("port = 1", 'port = 1\nfiles."../x" = "y"'), "within the node's folder"),
        (WHOLE.replace("port = 1", 'port = 1\nfiles."/x" = "y"'), "within the node's folder"),
        (WHOLE.replace("port = 1", 'port = 1\nready.http = "health"'), "ready: http is a path"),
        (WHOLE.replace("port = 1", 'port = 1\nclaims = ["linerizable"]'), "did you mean linearizable?"),
        (WHOLE.replace("GET /{key}", "GET /{kye}"), "nothing is called {kye}, did you mean key?"),
        (WHOLE.replace("GET /{key}", "GET key"), 'http is "METHOD /path"'),
        (WHOLE + '[errors]\n503 = { kind = "gone" }\n', "the kinds of errors are "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_that_names_the_file(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(UsageError) as told:
        registry.target(written(tmp_path, text))
    assert part in str(told.value) and "server.toml" in str(told.value) and "\n" not in str(told.value)


def test_without_a_file_it_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match=r"binary:FILE\.toml"):
        list(registry.fitting(registry.target("binary")))
    with pytest.raises(UsageError, match=r"nowhere\.toml: it cannot be read: No such file"):
        registry.target("binary:nowhere.toml")


def test_names_in_braces_are_filled_and_other_braces_stay() -> None:
    assert fill('{"old": {old}, "new": {new}}', of_operation(Operation("cas", (1, None)))) == '{"old": 1, "new": null}'
    assert (
        fill("/k/{key}?v={value}", of_operation(Operation("write", "a b", "x/y")), in_url) == "/k/x%2Fy?v=%22a%20b%22"
    )
    place = Place("n2", "10.0.0.2", Path("folder"), {"n1": "10.0.0.1", "n2": "10.0.0.2"})
    values = of_place(place, 80, Path("here"))
    assert fill("{name} {address}:{port} {members} {first} {others}", values) == (
        "n2 10.0.0.2:80 n1=10.0.0.1:80,n2=10.0.0.2:80 10.0.0.1:80 10.0.0.1:80"
    )


def test_a_value_is_found_in_a_reply() -> None:
    assert value_in(b'{"node": {"values": ["7"]}}', "node.values.0") == 7
    assert value_in(b"[1, [2]]") == (1, (2,))
    assert value_in(b"text") == "text"
    assert value_in(7) == 7
    with pytest.raises(ServerError, match=r"the reply has no node\.value"):
        value_in(b'{"node": {}}', "node.value")
