"""Clients of Kafka.

Operations, each on a log K, which is a topic with one partition: `send` a message, `poll` from where the client stopped
or from the first message on. Messages are JSON; an acknowledged one has its offset as `revision`, unless acks=0.
"""

from splitbrain.harness.operation import Operation, Outcome
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

    async def send(self, operation: Operation) -> Outcome:
        ready: Outcome | None = await reading(on_thread(self.connection.make, operation.key), operation, ERRORS)
        if ready is not None:
            return ready
        offset = await on_thread(self.connection.sent, operation.key, packed(operation.value).encode())
        return Outcome.ok(operation.value, offset)

    async def poll(self, operation: Operation) -> Outcome:
        found = await on_thread(self.connection.polled, operation.key, operation.value == START)
        return Outcome.ok(frozen(found))
