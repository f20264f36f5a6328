"""Registers, lists, sets and counters in Cassandra: by plain reads and writes, or by lightweight transactions.

Registers and lists. Plain: the write with the latest stamp wins. Pitfall of `append`: the list is read and written back
whole, longer by one, and nothing keeps two clients from doing so at once; it loses appends even where nothing breaks.
By lightweight transactions each change has a condition, and none is ever blind: a row comes to be by IF NOT EXISTS, is
overwritten by IF EXISTS, and compared-and-set by IF value = ?; rows are never deleted. A condition that was tested and
false is an answer: that statement changed nothing. A blind update among them would take no part in the agreement, and
with a clock's stamp, not a ballot's, undo what others agreed on.

Sets: a collection in one column, or a row per element. A collection is never written whole: that would delete what
stands there, with a stamp. Elements are added to it and taken from it, and each has a stamp of its own. A removed
element is a mark with a stamp, and a replica that missed the mark brings the element back, once the others have
forgotten it (`gc_grace_seconds`).

Counters are Cassandra's own column type, to which increments are added without being read. Pitfall: an increment is not
idempotent. One that timed out may have been counted, so a client that sends it again may count it twice;
`retry_timeouts=on` does just that, as many clients do, and calls it one increment.
"""

import asyncio
from typing import Any

from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.schema import COLLECTIONS, COUNTER, COUNTERS, ELEMENTS, REGISTER, REGISTERS, SET
from splitbrain.targets.cassandra.session import CassandraSession, CqlRequest, Rows
from splitbrain.targets.servers.client import ANY, VersionedObjects, reading
from splitbrain.targets.values import in_order, packed, unpacked

READ = f"SELECT value, writetime(value) FROM {REGISTERS} WHERE key = ?"
WRITE = f"UPDATE {REGISTERS} SET value = ? WHERE key = ?"
CREATE = f"INSERT INTO {REGISTERS} (key, value) VALUES (?, ?) IF NOT EXISTS"
OVERWRITE, COMPARE_AND_SET = f"{WRITE} IF EXISTS", f"{WRITE} IF value = ?"

COLLECTION = f"SELECT elements FROM {COLLECTIONS} WHERE key = ?"
GROW, SHRINK = (f"UPDATE {COLLECTIONS} SET elements = elements {sign} ? WHERE key = ?" for sign in "+-")
BEGIN = f"INSERT INTO {COLLECTIONS} (key) VALUES (?) IF NOT EXISTS"

ROWS = f"SELECT element FROM {ELEMENTS} WHERE key = ?"
INSERT = f"INSERT INTO {ELEMENTS} (key, element) VALUES (?, ?)"
DELETE = f"DELETE FROM {ELEMENTS} WHERE key = ? AND element = ?"

SUM = f"SELECT sum FROM {COUNTERS} WHERE key = ?"
INCREMENT = f"UPDATE {COUNTERS} SET sum = sum + ? WHERE key = ?"
PAUSE_SECONDS = 0.05
"""Between an increment and the same once more."""


class CassandraObjects:
    """Objects of one kind, through one node. kind: what a changed object turns out to be."""

    kind = REGISTER

    def __init__(self, session: CassandraSession, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def _read(self, operation: Operation, statement: str) -> Rows:
        """A read at the run's level."""
        return await self._session.ask(CqlRequest(statement, (packed(operation.key),), self._settings.read))

    async def _write(self, operation: Operation, statement: str, *values: object) -> None:
        """A plain write at the run's level."""
        self._settings.kinds[operation.key] = self.kind
        await self._session.ask(CqlRequest(statement, values, self._settings.write))

    async def _agreed(self, operation: Operation, statement: str, *values: object) -> bool:
        """Whether the condition of a lightweight transaction was true: the first column of its reply."""
        settings = self._settings
        settings.kinds[operation.key] = self.kind
        request = CqlRequest(statement, values, settings.write, settings.serial, conditional=True)
        return bool((await self._session.ask(request))[0][0])


class Registers(CassandraObjects):
    """Registers and lists by plain reads and writes."""

    async def read(self, operation: Operation) -> Outcome:
        """The value, None if it was never written; as revision its stamp (`writetime`: microseconds since 1970, or a
        ballot's)."""
        text, stamp = await self._found(operation)
        return Outcome.ok(None if text is None else unpacked(text), stamp)

    async def write(self, operation: Operation) -> Outcome:
        await self._write(operation, WRITE, packed(operation.value), packed(operation.key))
        return Outcome.ok(operation.value)

    async def append(self, operation: Operation) -> Outcome:
        before: Outcome = await reading(self.read(operation), operation, ERRORS)
        if before.type is EventType.FAIL:
            return before
        longer = packed([*(before.value or ()), operation.value])
        await self._write(operation, WRITE, longer, packed(operation.key))
        return Outcome.ok(operation.value)

    async def _found(self, operation: Operation) -> tuple[str | None, int]:
        """The text of the row and its stamp; None and 0 if there is none."""
        rows = await self._read(operation, READ)
        return rows[0] if rows and rows[0][0] is not None else (None, 0)


class AgreedRegisters(VersionedObjects, Registers):
    """Registers and lists by lightweight transactions. The version of a row is its text."""

    errors = ERRORS

    async def cas(self, operation: Operation) -> Outcome:
        """Set the new value if the old one stands there, unread; None as the old one: if there is no row."""
        old, new = operation.value
        done = await self.replaced(operation, None if old is None else packed(old), packed(new))
        return done or Outcome.fail(ErrorKind.PRECONDITION, "the condition was false", operation.value)

    async def found(self, operation: Operation) -> tuple[str | None, str | None]:
        text, _ = await self._found(operation)
        return text, text

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        key = packed(operation.key)
        change = (CREATE, key, text) if version is None else (COMPARE_AND_SET, text, key, version)
        if version is ANY:
            change = OVERWRITE, text, key
        return Outcome.ok(operation.value) if await self._agreed(operation, *change) else None


class Collections(CassandraObjects):
    """Sets that are a collection in one column."""

    kind = SET

    async def read(self, operation: Operation) -> Outcome:
        rows = await self._read(operation, COLLECTION)
        return Outcome.ok(in_order((rows[0][0] or ()) if rows else ()))

    async def add(self, operation: Operation) -> Outcome:
        return await self._changed(operation, GROW)

    async def remove(self, operation: Operation) -> Outcome:
        return await self._changed(operation, SHRINK)

    async def _changed(self, operation: Operation, statement: str) -> Outcome:
        key, elements = packed(operation.key), {packed(operation.value)}
        if not self._settings.lwt:
            await self._write(operation, statement, elements, key)
            return Outcome.ok(operation.value)
        for again in (True, False):
            if await self._agreed(operation, f"{statement} IF EXISTS", elements, key):
                return Outcome.ok(operation.value)
            if again:
                await self._agreed(operation, BEGIN, key)
        text = "there is no row, though it was created if there was none"
        return Outcome.fail(ErrorKind.CONFLICT, text, operation.value)


class Elements(CassandraObjects):
    """Sets that are a row per element."""

    kind = SET

    async def read(self, operation: Operation) -> Outcome:
        return Outcome.ok(in_order(element for (element,) in await self._read(operation, ROWS)))

    async def add(self, operation: Operation) -> Outcome:
        """Insert the element's row; with a condition that is false it was there already."""
        return await self._changed(operation, INSERT, "IF NOT EXISTS")

    async def remove(self, operation: Operation) -> Outcome:
        """Delete the element's row; with a condition that is false it was not there."""
        return await self._changed(operation, DELETE, "IF EXISTS")

    async def _changed(self, operation: Operation, statement: str, condition: str) -> Outcome:
        values = packed(operation.key), packed(operation.value)
        if self._settings.lwt:
            await self._agreed(operation, f"{statement} {condition}", *values)
        else:
            await self._write(operation, statement, *values)
        return Outcome.ok(operation.value)


class Counters(CassandraObjects):
    """Counters."""

    kind = COUNTER

    async def read(self, operation: Operation) -> Outcome:
        """The sum, None if it was never incremented."""
        rows = await self._read(operation, SUM)
        return Outcome.ok(rows[0][0] if rows else None)

    async def increment(self, operation: Operation) -> Outcome:
        """Add a delta. With `retry_timeouts` again and again, until it is counted or the caller's time is up."""
        doubt: Exception | None = None
        while True:
            try:
                await self._write(operation, INCREMENT, operation.value, packed(operation.key))
                return Outcome.ok(operation.value)
            except Exception as error:
                if ERRORS.classify(error)[1]:
                    # This time it did not happen; but an earlier time it may have.
                    raise doubt or error from None
                if not self._settings.again:
                    raise
                doubt = error
            await asyncio.sleep(PAUSE_SECONDS)
