"""A client that retries under its session: the request takes effect once, and doubt is not turned into a refusal."""

import asyncio
from typing import Any

import pytest

from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.operation import Operation
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError
from splitbrain.targets.stores.machine import FORGET_AFTER
from splitbrain.targets.stores.messages import EXPIRED, IN_DOUBT, NO_LEADER, PRECONDITION, Request, Response
from splitbrain.targets.stores.target import ERRORS


class ScriptedNode:
    """A node, and the channel to it, that answers as it was told: a response, an error, or silence (None)."""

    name = "n1"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def connect(self) -> "ScriptedNode":
        """The channel."""
        return self

    async def request(self, message: Request) -> Response:
        """The next answer."""
        self.asked.append(message)
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.sleep(3600)
        if isinstance(answer, Exception):
            raise answer
        response: Response = answer
        return response

    async def close(self) -> None:
        """Nothing to close."""


async def invoked(node: ScriptedNode, *, retries: bool = True) -> Any:
    """The outcome of an append."""
    client = StoreClient(node, Sessions(), retries=retries)  # type: ignore[arg-type]
    await client.open()
    return await client.invoke(Operation("append", 1, "x"))


DOUBT = Response(error=IN_DOUBT)
DONE = Response(revision=1)


@pytest.mark.parametrize("first", [DOUBT, ChannelClosed("gone"), None])
def test_what_is_in_doubt_is_sent_again_under_the_same_name(first: object) -> None:
    node = ScriptedNode(first, DONE)
    asyncio.run(invoked(node))
    assert len({(request.session, request.sequence) for request in node.asked}) == 1
    assert len(node.asked) == 2


def test_a_refusal_after_doubt_proves_nothing() -> None:
    node = ScriptedNode(DOUBT, *[Response(error=NO_LEADER)] * 9)
    with pytest.raises(StoreError) as raised:
        asyncio.run(invoked(node))
    assert raised.value.code == IN_DOUBT


def test_a_refused_connection_after_doubt_is_no_refusal() -> None:
    node = ScriptedNode(ChannelClosed("gone"), *[ConnectionRefusedError("down")] * 9)
    with pytest.raises(ChannelClosed):
        asyncio.run(invoked(node))


@pytest.mark.parametrize("word", [NO_LEADER, PRECONDITION])
def test_a_first_refusal_is_final(word: str) -> None:
    node = ScriptedNode(Response(error=word))
    with pytest.raises(StoreError) as raised:
        asyncio.run(invoked(node))
    assert raised.value.code == word


def test_without_retries_doubt_is_told_at_once() -> None:
    node = ScriptedNode(DOUBT, DONE)
    with pytest.raises(StoreError):
        asyncio.run(invoked(node, retries=False))
    assert len(node.asked) == 1


@pytest.mark.parametrize("before", [(), (DOUBT,)])
def test_an_expired_session_is_no_refusal_and_the_client_goes_on_under_a_new_name(before: tuple[Response, ...]) -> None:
    node = ScriptedNode(*before, Response(error=EXPIRED, text="the session has expired"), DONE)
    client = StoreClient(node, Sessions(), retries=True)  # type: ignore[arg-type]

    async def asked() -> Any:
        await client.open()
        with pytest.raises(StoreError) as raised:
            await client.invoke(Operation("append", 1, "x"))
        assert not ERRORS.classify(raised.value)[1]
        assert client.last_request[0] == node.asked[-1].session
        return await client.invoke(Operation("append", 2, "x"))

    assert asyncio.run(asked()).revision == 1
    old, new = node.asked[-2:]
    assert old.session != new.session and new.sequence == 1


def test_what_came_of_sessions_is_kept_as_long_as_a_store_remembers_them() -> None:
    sessions = Sessions()
    sessions.refuse("refused", 3)
    sessions.acknowledge("old", 1)
    for sequence in range(FORGET_AFTER):
        sessions.acknowledge("busy", sequence)
    assert sessions.acknowledged == {"busy": FORGET_AFTER - 1} and not sessions.refused
