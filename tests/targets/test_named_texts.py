"""Clients of servers with texts under names, on stand-ins: a comparison that a retry may have made false, and a set by
pages."""

import asyncio

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.ferretdb import FerretDB
from splitbrain.targets.hbase import HBase
from splitbrain.targets.ignite import Ignite
from splitbrain.targets.seaweedfs import SeaweedFS
from splitbrain.targets.servers.server import Server

from .servers.fakes import FAKES
from .servers.wire import OK, Answer

pytest.importorskip("httpx2")
KINDS = pytest.mark.parametrize(("kind", "answer"), [(Ignite, b"1"), (SeaweedFS, b"412"), (HBase, b"304")])


def carried_out(kind: type[Server], operation: Operation, answer: Answer) -> Outcome:
    """The outcome as the harness records it."""

    async def scene() -> Outcome:
        async with FAKES[kind.name]() as node:
            node.answer(answer)
            server = kind(settle(kind.options, {"endpoints": node.endpoint}, kind.name))
            client = server.client(ExternalNode("n1", node.endpoint))
            await client.open()
            try:
                return await client.invoke(operation)
            except Exception as error:  # noqa: BLE001 - the table is looked at
                return server.errors.outcome(operation, error, effects=True)
            finally:
                await client.close()

    return asyncio.run(asyncio.wait_for(scene(), 20))


@KINDS
@pytest.mark.parametrize(
    ("f", "value", "type", "error"),
    [
        ("cas", (7, 8), EventType.INFO, ErrorKind.CONFLICT),
        ("cas", (1, 8), EventType.FAIL, ErrorKind.PRECONDITION),
    ],
)
def test_a_false_comparison_may_be_with_what_a_first_try_put(
    kind: type[Server], answer: Answer, f: str, value: object, type: EventType, error: ErrorKind
) -> None:
    outcome = carried_out(kind, Operation(f, value, "k"), answer)
    assert (outcome.type, outcome.error and outcome.error.kind) == (type, error)


@pytest.mark.parametrize("kind", [Ignite, SeaweedFS, FerretDB, HBase])
def test_a_set_is_read_to_its_last_page(kind: type[Server]) -> None:
    pytest.importorskip("bson" if kind is FerretDB else "httpx2")
    assert carried_out(kind, Operation("read", None), OK).value == (1, 2)


@pytest.mark.parametrize(
    ("value", "type"), [((7, 8), EventType.OK), ((6, 8), EventType.FAIL), ((None, 8), EventType.FAIL)]
)
def test_a_server_that_does_not_try_again_tells_whether_a_comparison_was_false(value: object, type: EventType) -> None:
    pytest.importorskip("bson")
    assert carried_out(FerretDB, Operation("cas", value, "k"), OK).type is type
