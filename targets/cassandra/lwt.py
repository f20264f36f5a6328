"""How are registers and lists changed by lightweight transactions? Each change has a condition, and none is ever blind.

A row comes to be by IF NOT EXISTS, is overwritten by IF EXISTS, and compared-and-set by IF value = ?; rows are never
deleted. A condition that was tested and false is an answer: that statement changed nothing. The trap: one blind update
among them. It takes no part in the agreement, its stamp is a clock's and not a ballot's, and it would undo what others
agreed on.
"""

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.plain import READ
from splitbrain.targets.cassandra.session import Asked
from splitbrain.targets.cassandra.statements import (
    REGISTER,
    REGISTERS,
    agreeing,
    applied,
    name,
    packed,
    reading,
    unpacked,
)

CREATE = f"INSERT INTO {REGISTERS} (key, value) VALUES (?, ?) IF NOT EXISTS"
OVERWRITE = f"UPDATE {REGISTERS} SET value = ? WHERE key = ? IF EXISTS"
COMPARE_AND_SET = f"UPDATE {REGISTERS} SET value = ? WHERE key = ? IF value = ?"

APPEND_TRIES = 8
"""How often one `append` tries its transaction, each time after a condition that was false."""


class AgreedRegisters:
    """Registers and lists through one node, by lightweight transactions."""

    def __init__(self, session: Asked, manners: Manners) -> None:
        self._session, self._manners = session, manners

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
        key = name(operation.key)
        if old is None:
            done = await self._agreed(operation, CREATE, key, packed(new))
        else:
            done = await self._agreed(operation, COMPARE_AND_SET, packed(new), key, packed(old))
        if done:
            return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.PRECONDITION, "the condition was false", operation.value)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list, and set the longer one if it has not changed since; again after a condition that was false."""
        key = name(operation.key)
        for _ in range(APPEND_TRIES):
            try:
                before, _ = await self._found(operation)
            except Exception as error:  # noqa: BLE001 - only read so far: whatever it is, nothing was appended
                return Outcome.fail(ERRORS.classify(error)[0], f"while reading: {error!r}", operation.value)
            longer = packed([*(() if before is None else unpacked(before)), operation.value])
            if before is None:
                done = await self._agreed(operation, CREATE, key, longer)
            else:
                done = await self._agreed(operation, COMPARE_AND_SET, longer, key, before)
            if done:
                return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)

    async def _found(self, operation: Operation) -> tuple[str | None, int]:
        """The text of the row and its stamp; None and 0 if there is no row."""
        rows = await self._session.ask(reading(self._manners, READ, name(operation.key)))
        if not rows:
            return None, 0
        text, stamp = rows[0]
        return text, stamp

    async def _agreed(self, operation: Operation, statement: str, *values: object) -> bool:
        self._manners.kinds[operation.key] = REGISTER
        return applied(await self._session.ask(agreeing(self._manners, statement, *values)))
