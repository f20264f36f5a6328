"""How are registers and lists read and written without conditions? Blindly: the write with the latest stamp wins.

The trap is `append`: the list is read and written back whole, longer by one, and nothing keeps two clients from doing
so at once. It loses appends even where nothing breaks; what needs a condition is not offered here at all.
"""

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.session import Asked
from splitbrain.targets.cassandra.statements import REGISTER, REGISTERS, name, packed, reading, unpacked, writing

READ = f"SELECT value, writetime(value) FROM {REGISTERS} WHERE key = ?"
WRITE = f"UPDATE {REGISTERS} SET value = ? WHERE key = ?"


class Registers:
    """Registers and lists through one node, by plain reads and writes."""

    def __init__(self, session: Asked, manners: Manners) -> None:
        self._session, self._manners = session, manners

    async def read(self, operation: Operation) -> Outcome:
        """The value, None if it was never written; as revision its stamp (`writetime`, microseconds since 1970)."""
        rows = await self._session.ask(reading(self._manners, READ, name(operation.key)))
        if not rows or rows[0][0] is None:
            return Outcome.ok(None, 0)
        text, stamp = rows[0]
        return Outcome.ok(unpacked(text), stamp)

    async def write(self, operation: Operation) -> Outcome:
        """Write a value, whatever is there."""
        self._manners.kinds[operation.key] = REGISTER
        await self._put(operation, packed(operation.value))
        return Outcome.ok(operation.value)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list and write it back, one element longer."""
        self._manners.kinds[operation.key] = REGISTER
        try:
            before = (await self.read(operation)).value or ()
        except Exception as error:  # noqa: BLE001 - only read so far: whatever it is, nothing was appended
            return Outcome.fail(ERRORS.classify(error)[0], f"while reading: {error!r}", operation.value)
        await self._put(operation, packed([*before, operation.value]))
        return Outcome.ok(operation.value)

    async def _put(self, operation: Operation, text: str) -> None:
        await self._session.ask(writing(self._manners, WRITE, text, name(operation.key)))
