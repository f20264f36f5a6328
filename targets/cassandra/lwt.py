"""Registers and lists by lightweight transactions: each change has a condition, and none is ever blind.

A row comes to be by IF NOT EXISTS, is overwritten by IF EXISTS, and compared-and-set by IF value = ?; rows are never
deleted. A condition that was tested and false is an answer: that statement changed nothing. A blind update among
them would take no part in the agreement, and with a clock's stamp, not a ballot's, undo what others agreed on.
"""

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.registers import READ
from splitbrain.targets.cassandra.schema import REGISTER, REGISTERS, applied, lwt_request, name, reading
from splitbrain.targets.cassandra.session import QueryExecutor
from splitbrain.targets.servers.client import reading as reading_first
from splitbrain.targets.servers.values import packed, unpacked

CREATE = f"INSERT INTO {REGISTERS} (key, value) VALUES (?, ?) IF NOT EXISTS"
OVERWRITE = f"UPDATE {REGISTERS} SET value = ? WHERE key = ? IF EXISTS"
COMPARE_AND_SET = f"UPDATE {REGISTERS} SET value = ? WHERE key = ? IF value = ?"

APPEND_TRIES = 8
"""How often one `append` tries its transaction, each time after a condition that was false."""


class AgreedRegisters:
    """Registers and lists through one node, by lightweight transactions."""

    def __init__(self, session: QueryExecutor, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def read(self, operation: Operation) -> Outcome:
        """The value, None if there is no row; as revision its stamp, which is a ballot's."""
        text, stamp = await self._found(operation)
        return Outcome.ok(None if text is None else unpacked(text), stamp)

    async def write(self, operation: Operation) -> Outcome:
        """Overwrite the row, or create it if there is none; rows stay, so the third try finds one."""
        key, text = name(operation.key), packed(operation.value)
        for statement, values in ((OVERWRITE, (text, key)), (CREATE, (key, text)), (OVERWRITE, (text, key))):
            if await self._agreed(operation, statement, *values):
                return Outcome.ok(operation.value)
        text = "there was a row, and then there was none: IF EXISTS and IF NOT EXISTS both said no"
        return Outcome.fail(ErrorKind.CONFLICT, text, operation.value)

    async def cas(self, operation: Operation) -> Outcome:
        """Set the new value if the old one stands there; None as the old one: if there is no row."""
        old, new = operation.value
        if await self._replaced(operation, None if old is None else packed(old), packed(new)):
            return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.PRECONDITION, "the condition was false", operation.value)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list, and set the longer one if it has not changed since; again after a condition that was false."""
        for _ in range(APPEND_TRIES):
            found = await reading_first(self._found(operation), operation, ERRORS)
            if isinstance(found, Outcome):
                return found
            before, _ = found
            longer = packed([*(() if before is None else unpacked(before)), operation.value])
            if await self._replaced(operation, before, longer):
                return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)

    async def _found(self, operation: Operation) -> tuple[str | None, int]:
        """The text of the row and its stamp; None and 0 if there is no row."""
        rows = await self._session.ask(reading(self._settings, READ, name(operation.key)))
        if not rows:
            return None, 0
        text, stamp = rows[0]
        return text, stamp

    async def _replaced(self, operation: Operation, before: str | None, text: str) -> bool:
        """Whether a text stands there now, and before it stood what is said; None: no row."""
        key = name(operation.key)
        if before is None:
            return await self._agreed(operation, CREATE, key, text)
        return await self._agreed(operation, COMPARE_AND_SET, text, key, before)

    async def _agreed(self, operation: Operation, statement: str, *values: object) -> bool:
        self._settings.kinds[operation.key] = REGISTER
        return applied(await self._session.ask(lwt_request(self._settings, statement, *values)))
