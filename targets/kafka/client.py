"""Clients of Kafka.

Operations, each on a log K, which is a topic with one partition: `send` a message, `send-batch` several, `send-aborted`
several in a transaction that is aborted, `poll` from where the client stopped or from the first message on. Messages
are JSON; an acknowledged one has its offset as `revision`, unless acks=0.
"""

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.kafka.errors import ERRORS
from splitbrain.targets.kafka.session import KafkaSession
from splitbrain.targets.servers.client import ServerClient, reading
from splitbrain.targets.servers.driver import on_thread
from splitbrain.targets.servers.tcp import TcpConnection
from splitbrain.targets.values import frozen, packed

START = "start"
"""The value of a poll that reads a log from its first message to its last."""


class KafkaClient(ServerClient):
    """One logical client of the broker at an address, which names the leaders."""

    async def open(self) -> None:
        """Look whether the broker is there: the driver would go on trying."""
        await (await TcpConnection.connect(self.address, self.server.port, self.server.access)).aclose()
        self.connection = KafkaSession(self.server, self.address)

    async def close(self) -> None:
        """Leave, on a thread that nobody waits for: a broker that is paused does not answer."""
        session, self.connection = self.connection, None
        if session is not None:
            on_thread(session.close)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. Raises what the error table knows."""
        batch = {"send-batch": self.send_batch, "send-aborted": self.send_aborted}.get(operation.f)
        return await (batch(operation) if batch else super().invoke(operation))

    async def send(self, operation: Operation) -> Outcome:
        if (refused := await self._ready(operation)) is not None:
            return refused
        (offset,) = await on_thread(self.connection.sent, operation.key, [packed(operation.value).encode()])
        return Outcome.ok(operation.value, offset)

    async def send_batch(self, operation: Operation) -> Outcome:
        """Send messages one after the other, without waiting for their acknowledgements."""
        if (refused := await self._ready(operation)) is not None:
            return refused
        offsets = await on_thread(
            self.connection.sent, operation.key, [packed(one).encode() for one in operation.value]
        )
        return Outcome.ok(tuple(zip(offsets, operation.value, strict=True)))

    async def send_aborted(self, operation: Operation) -> Outcome:
        """Send messages in a transaction, and abort it."""
        if (refused := await self._ready(operation)) is not None:
            return refused
        await on_thread(self.connection.aborted, operation.key, [packed(one).encode() for one in operation.value])
        return Outcome.fail(ErrorKind.PRECONDITION, "aborted, as it was to be", operation.value)

    async def _ready(self, operation: Operation) -> Outcome | None:
        """None once there is a log and a producer; otherwise the failure."""
        ready: Outcome | None = await reading(on_thread(self.connection.make, operation.key), operation, ERRORS)
        return ready

    async def poll(self, operation: Operation) -> Outcome:
        found = await on_thread(self.connection.polled, operation.key, operation.value == START)
        return Outcome.ok(frozen(found))
