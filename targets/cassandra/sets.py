"""Sets: a collection in one column, or a row per element; by plain writes, or lightweight transactions.

A collection is never written whole: that would delete what stands there, with a stamp. Elements are added to it and
taken from it, and each has a stamp of its own. A removed element is a mark with a stamp, and a replica that
missed the mark brings the element back, once the others have forgotten it (`gc_grace_seconds`).
"""

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.schema import COLLECTIONS, ELEMENTS, SET, applied, lwt_request, name, reading, writing
from splitbrain.targets.cassandra.session import CqlRequest, QueryExecutor
from splitbrain.targets.servers.values import in_order, packed

COLLECTION = f"SELECT elements FROM {COLLECTIONS} WHERE key = ?"
GROW = f"UPDATE {COLLECTIONS} SET elements = elements + ? WHERE key = ?"
SHRINK = f"UPDATE {COLLECTIONS} SET elements = elements - ? WHERE key = ?"
BEGIN = f"INSERT INTO {COLLECTIONS} (key) VALUES (?) IF NOT EXISTS"

ROWS = f"SELECT element FROM {ELEMENTS} WHERE key = ?"
INSERT = f"INSERT INTO {ELEMENTS} (key, element) VALUES (?, ?)"
DELETE = f"DELETE FROM {ELEMENTS} WHERE key = ? AND element = ?"


class Collections:
    """Sets that are a collection in one column."""

    def __init__(self, session: QueryExecutor, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def read(self, operation: Operation) -> Outcome:
        """All elements, in order."""
        rows = await self._session.ask(reading(self._settings, COLLECTION, name(operation.key)))
        return Outcome.ok(in_order((rows[0][0] or ()) if rows else ()))

    async def add(self, operation: Operation) -> Outcome:
        """Add an element to the collection."""
        return await self._changed(operation, GROW)

    async def remove(self, operation: Operation) -> Outcome:
        """Take an element from the collection."""
        return await self._changed(operation, SHRINK)

    async def _changed(self, operation: Operation, statement: str) -> Outcome:
        settings = self._settings
        settings.kinds[operation.key] = SET
        key, elements = name(operation.key), {packed(operation.value)}
        if not settings.lwt:
            await self._session.ask(writing(settings, statement, elements, key))
            return Outcome.ok(operation.value)
        change = lwt_request(settings, f"{statement} IF EXISTS", elements, key)
        for request in (change, lwt_request(settings, BEGIN, key), change):
            done = applied(await self._session.ask(request))
            if done and request is change:
                return Outcome.ok(operation.value)
        text = "there is no row, though it was created if there was none"
        return Outcome.fail(ErrorKind.CONFLICT, text, operation.value)


class Elements:
    """Sets that are a row per element."""

    def __init__(self, session: QueryExecutor, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def read(self, operation: Operation) -> Outcome:
        """All elements, in order."""
        rows = await self._session.ask(reading(self._settings, ROWS, name(operation.key)))
        return Outcome.ok(in_order(element for (element,) in rows))

    async def add(self, operation: Operation) -> Outcome:
        """Insert the element's row; with a condition that is false it was there already."""
        return await self._changed(operation, INSERT, "IF NOT EXISTS")

    async def remove(self, operation: Operation) -> Outcome:
        """Delete the element's row; with a condition that is false it was not there."""
        return await self._changed(operation, DELETE, "IF EXISTS")

    async def _changed(self, operation: Operation, statement: str, condition: str) -> Outcome:
        settings = self._settings
        settings.kinds[operation.key] = SET
        values = name(operation.key), packed(operation.value)
        request: CqlRequest = writing(settings, statement, *values)
        if settings.lwt:
            request = lwt_request(settings, f"{statement} {condition}", *values)
        await self._session.ask(request)
        return Outcome.ok(operation.value)
