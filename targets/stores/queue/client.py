"""Client of a message queue: enqueues, dequeues, and empties a queue at the end.

With `ack=after` a dequeue is a delivery and its acknowledgement. The client has the message once it is delivered: an
acknowledgement that fails or is in doubt means that it may be delivered again. A delivery that fails or is in doubt
means that this client has nothing, and the queue still has the message. With `ack=delivery` there is no
acknowledgement, and a delivery in doubt may have been the only one.
"""

import asyncio
from typing import Any

from splitbrain.harness.client import ErrorTable
from splitbrain.harness.node import ChannelClosed, Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError
from splitbrain.targets.stores.messages import Response
from splitbrain.targets.values import frozen

RECEIVE_SECONDS = 2.0
"""The time after which a delivery is given up that does not come."""
PAUSE_SECONDS = 0.1
TROUBLE = (StoreError, ChannelClosed, ConnectionRefusedError, TimeoutError)


class QueueClient(StoreClient):
    """A producer and a consumer of the same client. after: whether it acknowledges after it has a message."""

    def __init__(self, node: Node, sessions: Sessions, *, retries: bool, after: bool, errors: ErrorTable) -> None:
        super().__init__(node, sessions, retries=retries, compares=False)
        self._after = after
        self._errors = errors

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation of the workload `queue`. StoreError, or what the channel raises."""
        if operation.f == "enqueue":
            await self._carry_out("enqueue", operation.key, operation.value)
            return Outcome.ok(operation.value)
        if operation.f == "drain":
            return Outcome.ok(tuple(await self._drain(operation.key)))
        if not self._after:
            response = await self._carry_out("take", operation.key, None)
            return Outcome.ok(_content(response))
        try:
            return Outcome.ok(await self._receive(operation.key))
        except TROUBLE as error:
            kind, _ = self._errors.classify(error)
            return Outcome.fail(kind if kind is not ErrorKind.OTHER else ErrorKind.UNAVAILABLE, str(error) or "silence")

    async def _receive(self, key: Any) -> Any:
        """The next message, acknowledged as well as can be; None if there is none."""
        async with asyncio.timeout(RECEIVE_SECONDS):
            response = await self._carry_out("receive", key, None)
        if response.value is None:
            return None
        await self._acknowledge(key, response)
        return _content(response)

    async def _acknowledge(self, key: Any, response: Response) -> bool:
        """Try to acknowledge a delivery; whether it is."""
        number, delivery, _ = response.value
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                await self._carry_out("ack", key, [number, delivery])
        except TROUBLE:
            return False
        return True

    async def _drain(self, key: Any) -> list[Any]:
        """All messages, until none is ready and none is out. What goes wrong is tried again."""
        found: dict[int, Any] = {}
        while True:
            try:
                async with asyncio.timeout(RECEIVE_SECONDS):
                    response = await self._carry_out("receive" if self._after else "take", key, None)
            except TROUBLE:
                await asyncio.sleep(PAUSE_SECONDS)
                await self._connect_again()
                continue
            if response.value is None and not response.revision:
                return list(found.values())
            if response.value is None:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            found[response.value[0]] = _content(response)
            if self._after:
                await self._acknowledge(key, response)

    async def _connect_again(self) -> None:
        """Take a new connection, if there is none that works."""
        try:
            await self.close()
            self._channel = await self._node.connect()
        except OSError:
            self._channel = None


def _content(response: Response) -> Any:
    """The message of a delivery."""
    return frozen(response.value[2]) if response.value is not None else None
