"""Clients of DynamoDB's protocol on a stand-in: what its errors mean, and how a value is compared."""

import asyncio

import pytest

from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.dynamodb import DynamoClient, DynamoDB

from .servers.http_fakes import DYNAMODB
from .servers.wire import CUT, OK, Answer

pytest.importorskip("httpx2")
WRITE = Operation("write", 1, "k")


def carried_out(operation: Operation, answer: Answer) -> tuple[Outcome, int]:
    """The outcome as the harness records it, and the number of writes that came."""

    async def scene() -> tuple[Outcome, int]:
        target = DynamoDB({})
        async with DYNAMODB() as node:
            node.answer(answer)
            client = DynamoClient(node.endpoint, target)
            await client.open()
            try:
                return await client.invoke(operation), node.writes
            except Exception as error:  # noqa: BLE001 - the table is looked at
                return target.errors.outcome(operation, error, effects=True), node.writes
            finally:
                await client.close()

    return asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize(
    ("answer", "type", "kind"),
    [
        (b"ValidationException", EventType.INFO, ErrorKind.OTHER),
        (b"ResourceNotFoundException", EventType.FAIL, ErrorKind.UNAVAILABLE),
        (b"InternalServerError", EventType.INFO, ErrorKind.OTHER),
        (b"SomethingNew", EventType.INFO, ErrorKind.OTHER),
        (CUT, EventType.INFO, ErrorKind.CONNECTION),
    ],
)
def test_what_an_error_means(answer: Answer, type: EventType, kind: ErrorKind) -> None:
    outcome, writes = carried_out(WRITE, answer)
    assert (outcome.type, outcome.error and outcome.error.kind) == (type, kind)
    assert writes == (2 if answer == b"ResourceNotFoundException" else 1), (
        "nothing is sent again but where no table was"
    )


@pytest.mark.parametrize(
    ("value", "answer", "kind"),
    [
        ((7, 8), OK, None),
        ((1, 8), OK, ErrorKind.PRECONDITION),
        ((7, 8), b"ConditionalCheckFailedException", ErrorKind.CONFLICT),
    ],
)
def test_a_value_is_compared_before_it_is_set(value: tuple[int, int], answer: Answer, kind: ErrorKind | None) -> None:
    outcome, _ = carried_out(Operation("cas", value, "k"), answer)
    assert (outcome.error and outcome.error.kind) == kind
