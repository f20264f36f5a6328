"""How are sets kept? As a collection in one column, or as a row per element; by plain writes, or lightweight
transactions.

A collection is never written whole: that would delete what stands there, with a stamp. Elements are added to it and
taken from it, and each has a stamp of its own. The trap: a removed element is a mark with a stamp, and a replica that
missed the mark brings the element back, once the others have forgotten it (`gc_grace_seconds`).
"""

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.session import Asked, Request
from splitbrain.targets.cassandra.statements import (
    COLLECTIONS,
    ELEMENTS,
    SET,
    agreeing,
    applied,
    in_order,
    name,
    packed,
    reading,
    writing,
)

COLLECTION = f"SELECT elements FROM {COLLECTIONS} WHERE key = ?"
GROW = f"UPDATE {COLLECTIONS} SET elements = elements + ? WHERE key = ?"
SHRINK = f"UPDATE {COLLECTIONS} SET elements = elements - ? WHERE key = ?"
BEGIN = f"INSERT INTO {COLLECTIONS} (key) VALUES (?) IF NOT EXISTS"

ROWS = f"SELECT element FROM {ELEMENTS} WHERE key = ?"
INSERT = f"INSERT INTO {ELEMENTS} (key, element) VALUES (?, ?)"
DELETE = f"DELETE FROM {ELEMENTS} WHERE key = ? AND element = ?"


class Collections:
    """Sets that are a collection in one column."""

    def __init__(self, session: Asked, manners: Manners) -> None:
        self._session, self._manners = session, manners

    async def read(self, operation: Operation) -> Outcome:
        """All elements, in order."""
        rows = await self._session.ask(reading(self._manners, COLLECTION, name(operation.key)))
        return Outcome.ok(in_order((rows[0][0] or ()) if rows else ()))

    async def add(self, operation: Operation) -> Outcome:
        """Add an element to the collection."""
        return await self._changed(operation, GROW)

    async def remove(self, operation: Operation) -> Outcome:
        """Take an element from the collection."""
        return await self._changed(operation, SHRINK)

    async def _changed(self, operation: Operation, statement: str) -> Outcome:
        manners = self._manners
        manners.kinds[operation.key] = SET
        key, elements = name(operation.key), {packed(operation.value)}
        if not manners.lwt:
            await self._session.ask(writing(manners, statement, elements, key))
            return Outcome.ok(operation.value)
        change = agreeing(manners, f"{statement} IF EXISTS", elements, key)
        for request in (change, agreeing(manners, BEGIN, key), change):
            done = applied(await self._session.ask(request))
            if done and request is change:
                return Outcome.ok(operation.value)
        text = "there is no row, though it was created if there was none"
        return Outcome.fail(ErrorKind.CONFLICT, text, operation.value)


class Elements:
    """Sets that are a row per element."""

    def __init__(self, session: Asked, manners: Manners) -> None:
        self._session, self._manners = session, manners

    async def read(self, operation: Operation) -> Outcome:
        """All elements, in order."""
        rows = await self._session.ask(reading(self._manners, ROWS, name(operation.key)))
        return Outcome.ok(in_order(element for (element,) in rows))

    async def add(self, operation: Operation) -> Outcome:
        """Insert the element's row; with a condition that is false it was there already."""
        return await self._changed(operation, INSERT, "IF NOT EXISTS")

    async def remove(self, operation: Operation) -> Outcome:
        """Delete the element's row; with a condition that is false it was not there."""
        return await self._changed(operation, DELETE, "IF EXISTS")

    async def _changed(self, operation: Operation, statement: str, condition: str) -> Outcome:
        manners = self._manners
        manners.kinds[operation.key] = SET
        values = name(operation.key), packed(operation.value)
        request: Request = writing(manners, statement, *values)
        if manners.lwt:
            request = agreeing(manners, f"{statement} {condition}", *values)
        await self._session.ask(request)
        return Outcome.ok(operation.value)
