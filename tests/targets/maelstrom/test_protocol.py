"""Maelstrom's protocol: requests and replies, error codes, topologies, and what is wrong with a program."""

from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import ErrorKind, EventType, Operation
from splitbrain.targets.maelstrom.client import MaelstromClient
from splitbrain.targets.maelstrom.errors import CODES, ERRORS, error_of
from splitbrain.targets.maelstrom.requests import REPLIES, REQUESTS, objection
from splitbrain.targets.maelstrom.target import Maelstrom, program
from splitbrain.targets.maelstrom.topology import TOPOLOGIES
from splitbrain.targets.servers.errors import ServerError

DOCUMENTED: dict[Any, bool] = {
    0: False, 1: True, 10: True, 11: True, 12: True, 13: False, 14: True, 20: True, 21: True, 22: True, 30: True,
}  # fmt: skip
"""Code → whether it is definite, as the protocol's documentation has it."""


def test_the_codes_are_those_of_the_documentation() -> None:
    assert {code: error.definite for code, error in CODES.items()} == DOCUMENTED


@pytest.mark.parametrize("code", [*DOCUMENTED, 1000, "no number"])
def test_only_definite_errors_fail_an_operation_with_effects(code: object) -> None:
    outcome = ERRORS.outcome(Operation("write", 1, "k1"), error_of({"code": code, "text": "so"}), effects=True)
    assert outcome.type is (EventType.FAIL if DOCUMENTED.get(code, False) else EventType.INFO)
    assert outcome.error is not None
    assert "so" in outcome.error.text


class OneReply:
    """A channel that answers the same to everything, and keeps what it was asked."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    async def connect(self):
        return self

    async def request(self, message):
        self.asked.append(message)
        return self.replies.pop(0)

    async def close(self):
        """Nothing to close."""


async def invoked(operation, *replies):
    """The requests of an operation, and its outcome."""
    channel = OneReply(*replies)
    client = MaelstromClient(channel)
    await client.open()
    return channel.asked, await client.invoke(operation)


CASES = (
    (Operation("read", None, "k7"), {"type": "read", "key": 7}, {"type": "read_ok", "value": 4}, 4),
    (Operation("read", None, "other"), {"type": "read", "key": "other"}, {"type": "read_ok", "value": [1]}, (1,)),
    (Operation("read"), {"type": "read"}, {"type": "read_ok", "messages": [1, 2]}, (1, 2)),
    (Operation("read"), {"type": "read"}, {"type": "read_ok", "value": [1, 2]}, (1, 2)),
    (Operation("read", None, "counter"), {"type": "read"}, {"type": "read_ok", "value": 3}, 3),
    (Operation("write", 3, "k1"), {"type": "write", "key": 1, "value": 3}, {"type": "write_ok"}, 3),
    (Operation("cas", (1, 2), "k1"), {"type": "cas", "key": 1, "from": 1, "to": 2}, {"type": "cas_ok"}, (1, 2)),
    (Operation("add", 5), {"type": "add", "element": 5}, {"type": "add_ok"}, 5),
    (Operation("broadcast", 5), {"type": "broadcast", "message": 5}, {"type": "broadcast_ok"}, 5),
    (Operation("increment", -5, "counter"), {"type": "add", "delta": -5}, {"type": "add_ok"}, -5),
    (Operation("generate"), {"type": "generate"}, {"type": "generate_ok", "id": ["a", 1]}, ("a", 1)),
    (Operation("echo", "x"), {"type": "echo", "echo": "x"}, {"type": "echo_ok", "echo": "y"}, "y"),
    (
        Operation("txn", (("r", "k1", None), ("append", "k2", 6))),
        {"type": "txn", "txn": [["r", 1, None], ["append", 2, 6]]},
        {"type": "txn_ok", "txn": [["r", 1, [8]], ["append", 2, 6]]},
        (("r", "k1", (8,)), ("append", "k2", 6)),
    ),
)


async def _case(operation, request_, reply, value):
    asked, outcome = await invoked(operation, reply)
    assert asked == [request_]
    assert (outcome.type, outcome.value) == (EventType.OK, value)
    assert objection(request_, reply) == ""


def test_operations_are_sent_and_read_as_the_workloads_say(run) -> None:
    for case in CASES:
        run(_case(*case))


def test_a_key_that_is_not_there_is_seen_as_nil(run) -> None:
    _, outcome = run(invoked(Operation("read", None, "k1"), {"type": "error", "code": 20}))
    assert (outcome.type, outcome.value) == (EventType.OK, None)


def test_a_comparison_that_is_false_is_a_precondition(run) -> None:
    with pytest.raises(ServerError) as raised:
        run(invoked(Operation("cas", (1, 2), "k1"), {"type": "error", "code": 22, "text": "is 3"}))
    assert ERRORS.classify(raised.value) == (ErrorKind.PRECONDITION, True)


async def polls():
    channel = OneReply(
        {"offsets": {"log0": 1}, "type": "list_committed_offsets_ok"},
        {"msgs": {"log0": [[2, 9], [3, 5]]}, "type": "poll_ok"},
        {"type": "commit_offsets_ok"},
        {"msgs": {}, "type": "poll_ok"},
    )
    client = MaelstromClient(channel)
    await client.open()
    first = await client.invoke(Operation("poll", None, "log0"))
    second = await client.invoke(Operation("poll", None, "log0"))
    return channel.asked, first.value, second.value


def test_a_client_polls_on_from_what_was_committed_and_commits(run) -> None:
    asked, first, second = run(polls())
    assert (first, second) == (((2, 9), (3, 5)), ())
    assert [request.get("offsets") for request in asked] == [None, {"log0": 2}, {"log0": 3}, {"log0": 4}]


@pytest.mark.parametrize(
    ("request_", "reply", "wrong"),
    [
        ({"type": "read"}, {"type": "read_ok"}, "without value or messages"),
        ({"type": "read"}, {"type": "error"}, "without code"),
        ({"type": "txn", "txn": [["r", 1, None]]}, {"type": "txn_ok", "txn": []}, "other micro-operations"),
        ({"type": "txn", "txn": [["w", 1, 2]]}, {"type": "txn_ok", "txn": [["w", 1, 3]]}, "other micro-operations"),
        ({"type": "send"}, {"type": "send_ok", "offset": "3"}, "no number"),
        ({"type": "poll"}, {"type": "poll_ok", "msgs": {"a": [1]}}, "lists of [offset, message]"),
    ],
)
def test_a_reply_that_lacks_something_is_told(request_, reply, wrong: str) -> None:
    assert wrong in objection(request_, reply)


def test_every_operation_with_a_result_has_its_field_checked() -> None:
    for f, request in REQUESTS.items():
        kind = "add" if f == "increment" else f
        assert REPLIES.get(kind, ()) == request.fields, f


def test_neighbours_are_mutual_and_everybody_is_reached() -> None:
    for name, made in TOPOLOGIES.items():
        for count in (1, 2, 5, 9, 25):
            names = [f"n{place}" for place in range(count)]
            found = made(names)
            assert all(one in found[other] for one in names for other in found[one]), name
            reached, open_ones = {names[0]}, [names[0]]
            while open_ones:
                new = set(found[open_ones.pop()]) - reached
                reached |= new
                open_ones += new
            assert reached == set(names), (name, count)
    assert TOPOLOGIES["grid"](["a", "b", "c", "d"])["a"] == ["c", "b"]


def made(**settings):
    """The target with some options."""
    return Maelstrom({option.name: option.default for option in Maelstrom.options} | settings)


def test_a_topology_is_told_only_before_broadcasts() -> None:
    target = made(bin="cat")
    (piped,) = target.deployments
    place = type("Place", (), {"name": "n1", "members": {"n1": "", "n2": ""}})
    target.expect(("read", "add"))
    assert [request["type"] for request in piped.opening(place)] == ["init"]
    target.expect(("read", "broadcast"))
    assert piped.opening(place)[1] == {"type": "topology", "topology": {"n1": ["n2"], "n2": ["n1"]}}


def test_a_program_is_a_path_or_a_command_with_arguments(tmp_path: Path) -> None:
    script = tmp_path / "with space"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert program(str(script)) == (str(script),)
    assert program(f"'{script}' a b") == (str(script), "a", "b")
    assert program("sh -c x")[1:] == ("-c", "x")


def test_a_program_that_cannot_be_run_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    for words, told in (
        ("./not-there", "there is no program"),
        ("no-such-program", "neither here nor on the PATH"),
        (str(tmp_path), "is a folder"),
        (f"{tmp_path}/plain", "chmod"),
        ("'", "quotation"),
    ):
        with pytest.raises(UsageError, match=told):
            program(words)
    with pytest.raises(UsageError, match="needs the program of a node"):
        made().expect(("echo",))
    with pytest.raises(UsageError, match="lin-kv"):
        made(bin="cat").default_workload  # noqa: B018 - it raises
