"""Clients of Cassandra: all of one client goes through one node."""

from collections.abc import Mapping

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.objects import AgreedRegisters, Collections, Counters, Elements, Registers
from splitbrain.targets.cassandra.schema import COUNTER, KEYSPACE, REGISTER, SET, define
from splitbrain.targets.cassandra.session import CassandraSession, CqlRequest
from splitbrain.targets.servers.client import Handler
from splitbrain.targets.sharing import SharingClient

ARE_YOU_THERE = CqlRequest("SELECT key FROM system.local")


class CassandraClient(SharingClient):
    """One logical client, pinned to one node."""

    server: CassandraSettings
    connection: CassandraSession
    _readers: Mapping[str, Handler]

    async def open(self) -> None:
        """Take part in the session with the node, and see whether it answers."""
        await super().open()
        session, settings = self.connection, self.server
        try:
            await session.ask(ARE_YOU_THERE)
        except Exception as error:
            raise ConnectionRefusedError(f"{self.address} does not answer: {error}") from error
        registers = AgreedRegisters(session, settings) if settings.lwt else Registers(session, settings)
        sets = Elements(session, settings) if settings.rows else Collections(session, settings)
        counters = Counters(session, settings)
        self._readers = {REGISTER: registers.read, SET: sets.read, COUNTER: counters.read}
        self.offer(self, registers, sets, counters)

    async def setup(self) -> None:
        """Make the tables."""
        await define(self.connection, self.server)

    async def read(self, operation: Operation) -> Outcome:
        """Read an object of any kind."""
        kind = self.server.kinds.get(operation.key, SET if operation.key is None else REGISTER)
        return await self._readers[kind](operation)

    async def teardown(self) -> None:
        """Delete what the run left, on a cluster that stays."""
        if self.server.clean:
            await self.connection.define(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
