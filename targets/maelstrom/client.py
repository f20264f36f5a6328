"""Clients of Maelstrom's nodes: each sends its requests to one node, over a way of its own.

Logs: a client polls on from where it stopped; a new one begins after what was committed, and each commits what it has
polled.
"""

from splitbrain.harness.deployment import Body
from splitbrain.harness.node import Channel, Node
from splitbrain.harness.operation import Operation, Outcome, Value
from splitbrain.targets.maelstrom.errors import error_of
from splitbrain.targets.maelstrom.requests import REQUESTS, absent
from splitbrain.targets.values import frozen

START = "start"
"""The value of a poll that reads a log from its first message to its last."""


class MaelstromClient:
    """A client pinned to one node; see `harness.client.Client`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._channel: Channel | None = None
        self._positions: dict[Value, int] = {}
        """The offset from which each log is polled next."""

    async def open(self) -> None:
        """Connect. ConnectionRefusedError if the node is not running."""
        self._channel = await self._node.connect()

    async def setup(self) -> None:
        """Do nothing, as nodes are told what they need before."""

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. ServerError with the code that the node answered."""
        if operation.f == "send":
            return await self._send(operation)
        if operation.f == "poll":
            return await self._poll(operation)
        kind = REQUESTS[operation.f]
        reply = await self._ask(kind.body(operation))
        if absent(operation, reply):
            return Outcome.ok(None)
        return Outcome.ok(kind.result(operation, _checked(reply)))

    async def teardown(self) -> None:
        """Do nothing: the nodes go away with the run."""

    async def close(self) -> None:
        """Disconnect."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _send(self, operation: Operation) -> Outcome:
        reply = _checked(await self._ask({"type": "send", "key": operation.key, "msg": operation.value}))
        return Outcome.ok(operation.value, reply["offset"])

    async def _poll(self, operation: Operation) -> Outcome:
        key, whole = operation.key, operation.value == START
        begin = 0 if whole else await self._position(key)
        found: list[Value] = []
        while True:
            reply = _checked(await self._ask({"type": "poll", "offsets": {key: begin}}))
            polled = frozen(reply["msgs"].get(key, []))
            found += polled
            # A node may answer with part of a log: all of it is there when nothing more comes.
            if not polled or not whole or polled[-1][0] < begin:
                break
            begin = polled[-1][0] + 1
        if not whole and found:
            self._positions[key] = found[-1][0] + 1
            _checked(await self._ask({"type": "commit_offsets", "offsets": {key: found[-1][0]}}))
        return Outcome.ok(tuple(found))

    async def _position(self, key: Value) -> int:
        if key not in self._positions:
            reply = _checked(await self._ask({"type": "list_committed_offsets", "keys": [key]}))
            committed = reply["offsets"].get(key)
            self._positions[key] = committed + 1 if isinstance(committed, int) else 0
        return self._positions[key]

    async def _ask(self, body: Body) -> Body:
        assert self._channel is not None
        reply: Body = await self._channel.request(body)
        return reply


def _checked(reply: Body) -> Body:
    """A reply that is no error; ServerError for one that is."""
    if reply["type"] == "error":
        raise error_of(reply)
    return reply
