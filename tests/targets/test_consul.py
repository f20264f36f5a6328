"""Clients of Consul on a stand-in for a node: comparisons by index, the set's listing; and the audit of all nodes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.consul import Consul
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.errors import ServerError

from .servers.http_fakes import CONSUL
from .servers.test_contract import ended, made
from .servers.wire import OK, Answer

pytest.importorskip("httpx2")


def carried_out(operation: Operation, *answers: Answer) -> Outcome:
    async def scene() -> Outcome:
        async with CONSUL() as node:
            node.answer(*answers or (OK,))
            server = made(Consul, endpoints=node.endpoint)
            client = server.client(ExternalNode("n1", node.endpoint))
            await client.open()
            try:
                return await ended(server, client, operation)
            finally:
                await client.close()

    return asyncio.run(asyncio.wait_for(scene(), 20))


def test_the_set_is_what_a_listing_finds() -> None:
    assert carried_out(Operation("read", None, None)).value == (1, 2)


def test_a_key_that_is_not_there_is_no_value() -> None:
    assert carried_out(Operation("read", None, "x")).value is None
    seven = carried_out(Operation("read", None, "k"))
    assert (seven.value, seven.revision) == (7, 5)


@pytest.mark.parametrize(
    ("value", "answer", "type", "error"),
    [
        ((7, 8), OK, EventType.OK, None),
        ((6, 8), OK, EventType.FAIL, ErrorKind.PRECONDITION),
        ((7, 8), b"false", EventType.FAIL, ErrorKind.CONFLICT),
    ],
)
def test_a_comparison(value: tuple[int, int], answer: Answer, type: EventType, error: ErrorKind | None) -> None:
    outcome = carried_out(Operation("cas", value, "k"), answer)
    assert (outcome.type, outcome.error and outcome.error.kind) == (type, error)


def test_a_node_that_answers_an_error_is_not_ready_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def refused(self: Consul, place: Place) -> bool:
        raise ServerError("No cluster leader")

    monkeypatch.setattr(Consul, "ready", refused)
    (process, *_) = made(Consul).deployments
    assert isinstance(process, Process)
    place = Place("n1", "198.18.0.1", tmp_path, {"n1": "198.18.0.1"})
    with pytest.raises(OSError, match="it answered: No cluster leader"):
        asyncio.run(asyncio.wait_for(process.ready(place), 5))


def verdict(*copies: Sequence[tuple[str, str]]) -> Verdict:
    """The verdict on nodes, each with its copies in turn; the last one stays."""
    left = {f"n{i}": list(mine) for i, mine in enumerate(copies)}

    async def copy(node: Node) -> tuple[str, str]:
        mine = left[node.name]
        return mine.pop(0) if len(mine) > 1 else mine[0]

    nodes = [ExternalNode(name, "http://a") for name in left]
    asked: Callable[[Node], Awaitable[tuple[str, str]]] = copy
    return asyncio.run(same_data("nodes", nodes, asked, 0.5))


def test_nodes_of_one_version_hold_the_same_data() -> None:
    assert verdict([("5", "a")], [("5", "a")]).value is Validity.VALID
    assert verdict([("5", "a")], [("4", "b"), ("5", "a")]).value is Validity.VALID, "one catches up"
    differs = verdict([("5", "a")], [("5", "b")])
    assert differs.value is Validity.INVALID and "different data" in differs.reason
    behind = verdict([("5", "a")], [("4", "b")])
    assert behind.value is Validity.UNKNOWN and "4, 5" in behind.reason
