"""How does a client speak to an own store? One request a call, one answer or an exception, no hidden retries.

The trap is the session's name: the store answers a repeated (session, sequence) with the first answer, so a name used
twice would make the second client hear the first one's results. A name is made of the node, the loop's clock (in a
simulation the virtual one, the same for the same seed; elsewhere monotonic nanoseconds of the machine) and a counter.
"""

import asyncio
from typing import Any

from splitbrain.harness.node import Channel, Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.stores.messages import PRECONDITION, Request, Response

NEVER = "never written"
"""A value that nobody writes."""


class StoreError(Exception):
    """An error answered by a node; `code` is its word in the error table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Sessions:
    """Names of sessions, each given once: also to clients of another run against the same cluster."""

    def __init__(self) -> None:
        self._given = 0

    def new(self, node: str) -> str:
        """A name that no other client has. Asked inside a running event loop."""
        self._given += 1
        clock = round(asyncio.get_running_loop().time() * 1e9)
        return f"{node}.{clock:x}.{self._given:x}"


class StoreClient:
    """One logical client, pinned to one node."""

    def __init__(self, node: Node, sessions: Sessions) -> None:
        self._node = node
        self._sessions = sessions
        self._channel: Channel | None = None
        self._session = ""
        self._sequence = 0

    async def open(self) -> None:
        """Connect and take a new session. ConnectionRefusedError if the node is down."""
        self._channel = await self._node.connect()
        self._session = self._sessions.new(self._node.name)

    async def setup(self) -> None:
        """Nothing to prepare, for keys exist as soon as they are written; but see that the store serves, by a cas that
        cannot succeed. StoreError if it does not yet."""
        response = await self._request("cas", "", [NEVER, NEVER])
        if response.error not in (None, PRECONDITION):
            raise StoreError(response.error, response.text)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out a read, write or cas. StoreError, or what the channel raises, as in the error table."""
        response = await self._request(operation.f, operation.key, operation.value)
        if response.error is not None:
            raise StoreError(response.error, response.text)
        value = frozen(response.value) if operation.f == "read" else operation.value
        return Outcome.ok(value, response.revision)

    async def teardown(self) -> None:
        """Nothing to undo."""

    async def close(self) -> None:
        """Disconnect."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _request(self, f: str, key: Any, value: Any) -> Response:
        if self._channel is None:
            raise ConnectionRefusedError("the client is not open")
        self._sequence += 1
        response: Response = await self._channel.request(Request(f, key, value, self._session, self._sequence))
        return response


async def ask_role(node: Node, seconds: float) -> str | None:
    """What a node believes itself to be; None if it does not answer in time."""
    try:
        async with asyncio.timeout(seconds):
            channel = await node.connect()
            try:
                response: Response = await channel.request(Request("role"))
            finally:
                await channel.close()
    except (OSError, TimeoutError):
        return None
    return str(response.value[0]) if response.error is None else None


def frozen(value: Any) -> Any:
    """A value as it came from the wire, with tuples in place of lists."""
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value
