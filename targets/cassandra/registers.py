"""Registers and lists by plain reads and writes: the write with the latest stamp wins.

Pitfall of `append`: the list is read and written back whole, longer by one, and nothing keeps two clients from doing
so at once. It loses appends even where nothing breaks; what needs a condition is not offered here at all.
"""

from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.schema import REGISTER, REGISTERS, name, reading, writing
from splitbrain.targets.cassandra.session import QueryExecutor
from splitbrain.targets.servers.client import reading as reading_first
from splitbrain.targets.servers.values import packed, unpacked

READ = f"SELECT value, writetime(value) FROM {REGISTERS} WHERE key = ?"
WRITE = f"UPDATE {REGISTERS} SET value = ? WHERE key = ?"


class Registers:
    """Registers and lists through one node, by plain reads and writes."""

    def __init__(self, session: QueryExecutor, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def read(self, operation: Operation) -> Outcome:
        """The value, None if it was never written; as revision its stamp (`writetime`, microseconds since 1970)."""
        rows = await self._session.ask(reading(self._settings, READ, name(operation.key)))
        if not rows or rows[0][0] is None:
            return Outcome.ok(None, 0)
        text, stamp = rows[0]
        return Outcome.ok(unpacked(text), stamp)

    async def write(self, operation: Operation) -> Outcome:
        """Write a value, whatever is there."""
        self._settings.kinds[operation.key] = REGISTER
        await self._put(operation, packed(operation.value))
        return Outcome.ok(operation.value)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list and write it back, one element longer."""
        self._settings.kinds[operation.key] = REGISTER
        before: Outcome = await reading_first(self.read(operation), operation, ERRORS)
        if before.type is EventType.FAIL:
            return before
        await self._put(operation, packed([*(before.value or ()), operation.value]))
        return Outcome.ok(operation.value)

    async def _put(self, operation: Operation, text: str) -> None:
        await self._session.ask(writing(self._settings, WRITE, text, name(operation.key)))
