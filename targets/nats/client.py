"""Clients of NATS JetStream.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is a subject of a stream that keeps the last message of each, the set is a stream of its elements. `revision` is
a sequence number. A client speaks to its node alone, which passes requests on to the leader of the stream.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.nats.errors import ERRORS
from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.tcp import TcpConnection
from splitbrain.targets.values import in_order, packed, unpacked

OBJECTS, ELEMENTS = "splitbrain", "splitbrain-set"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST = 10071
ASK_SECONDS = 5.0
Closed = Callable[[], Awaitable[None]]
"""Called when a connection is gone."""


async def _ignored(*_: Exception) -> None:
    """Nothing: whoever asked is told."""


async def connected(address: str, port: int, access: Access = PLAIN, closed: Closed = _ignored) -> Any:
    """A connection to a node, and to no other. ConnectionRefusedError if there is none: nothing was sent."""
    import nats

    host, number, secure = access.host_and_port(address, port)
    # The driver goes on trying. In clear: a server greets before TLS begins.
    await (await TcpConnection.connect(host, number)).aclose()
    logging.getLogger("nats").setLevel(logging.CRITICAL)  # what it would say stands in the history
    words: dict[str, Any] = {"user": access.user, "password": access.password} if access.user else {}
    try:
        return await nats.connect(
            f"{'tls' if secure else 'nats'}://{host}:{number}",
            allow_reconnect=False,
            max_reconnect_attempts=0,
            connect_timeout=CONNECT_SECONDS,
            error_cb=_ignored,
            closed_cb=closed,
            **({"tls": access.context} if secure else {}),
            **words,
        )
    except (OSError, nats.errors.Error) as error:
        raise ConnectionRefusedError(f"no session: {error or type(error).__name__}") from error


class NatsClient(VersionedObjects, ServerClient):
    """One logical client, of the node at an address."""

    errors = ERRORS

    _lost: asyncio.Event

    async def open(self) -> None:
        self._lost = lost = asyncio.Event()

        async def closed() -> None:
            lost.set()

        self.connection = await connected(self.address, self.server.port, self.server.access, closed)
        self.streams = self.connection.jetstream(timeout=ASK_SECONDS)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation; ConnectionResetError as soon as the connection is gone, which the driver does not
        tell."""
        if self.connection is None or self._lost.is_set():
            raise ConnectionRefusedError("the connection was lost before; nothing was sent")
        lost = asyncio.ensure_future(self._lost.wait())
        done = asyncio.ensure_future(super().invoke(operation))
        try:
            await asyncio.wait({lost, done}, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                return done.result()
            raise ConnectionResetError("the connection broke before the reply was there")
        finally:
            lost.cancel()
            done.cancel()

    async def setup(self) -> None:
        """Make the streams, replicated on as many nodes as there may be replicas."""
        from nats.js.api import StreamConfig

        copies = self.server.number("replicas")
        direct = self.server.word("reads") == "any"
        for name, subjects, last in ((OBJECTS, "splitbrain.object.*", 1), (ELEMENTS, "splitbrain.element", -1)):
            made = StreamConfig(
                name=name, subjects=[subjects], num_replicas=copies, max_msgs_per_subject=last, allow_direct=direct
            )
            await self.streams.add_stream(made)

    async def close(self) -> None:
        """Disconnect without a word."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close()

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The last message of the object's subject, and its number in the stream."""
        from nats.js.errors import NotFoundError

        subject, direct = f"splitbrain.object.{operation.key}", self.server.word("reads") == "any"
        try:
            message = await self.streams.get_last_msg(OBJECTS, subject, direct=direct)
        except NotFoundError:
            return None, None
        return message.data.decode(), message.seq

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: a sequence number."""
        from nats.js.errors import APIError

        headers = {} if version is ANY else {EXPECTED: str(version or 0)}
        try:
            stored = await self.streams.publish(
                f"splitbrain.object.{operation.key}", text.encode(), stream=OBJECTS, headers=headers
            )
        except APIError as error:
            if error.err_code != WRONG_LAST:
                raise
            return None
        return Outcome.ok(operation.value, stored.seq)

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is None:
            return Outcome.ok(await self._elements())
        text, number = await self.found(operation)
        return Outcome.ok(None if text is None else unpacked(text), number or 0)

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key, which is a stream; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        stored = await self.streams.publish("splitbrain.element", packed(operation.value).encode(), stream=ELEMENTS)
        return Outcome.ok(operation.value, stored.seq)

    async def _elements(self) -> tuple[Any, ...]:
        """All messages of the stream, by a consumer that the server places on a replica of its choice."""
        info = await self.streams.stream_info(ELEMENTS)
        found, last = set(), info.state.last_seq
        if not info.state.messages:
            return ()
        subscription = await self.streams.subscribe("splitbrain.element", stream=ELEMENTS, ordered_consumer=True)
        try:
            while True:
                message = await subscription.next_msg(timeout=ASK_SECONDS)
                found.add(message.data.decode())
                if message.metadata.sequence.stream >= last:
                    return in_order(found)
        finally:
            await subscription.unsubscribe()

    async def teardown(self) -> None:
        if self.server.endpoints:
            for stream in (OBJECTS, ELEMENTS):
                await self.streams.delete_stream(stream)
