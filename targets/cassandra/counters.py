"""How is a counter kept? By Cassandra's own column type, to which increments are added without being read.

The trap: an increment is not idempotent. One that timed out may have been counted, so whoever sends it again may count
it twice; `retry_timeouts=on` does just that, as many clients do, and calls it one increment.
"""

import asyncio

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.errors import ERRORS, CassandraError
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.session import Asked
from splitbrain.targets.cassandra.statements import COUNTER, COUNTERS, name, reading, writing

READ = f"SELECT sum FROM {COUNTERS} WHERE key = ?"
INCREMENT = f"UPDATE {COUNTERS} SET sum = sum + ? WHERE key = ?"

PAUSE_SECONDS = 0.05
"""Between an increment and the same once more."""


class Counters:
    """Counters through one node."""

    def __init__(self, session: Asked, manners: Manners) -> None:
        self._session, self._manners = session, manners

    async def read(self, operation: Operation) -> Outcome:
        """The sum, None if it was never incremented."""
        rows = await self._session.ask(reading(self._manners, READ, name(operation.key)))
        return Outcome.ok(rows[0][0] if rows else None)

    async def increment(self, operation: Operation) -> Outcome:
        """Add a delta. With `retry_timeouts` again and again, until it is counted or the caller's time is up."""
        self._manners.kinds[operation.key] = COUNTER
        request = writing(self._manners, INCREMENT, operation.value, name(operation.key))
        doubt: CassandraError | None = None
        while True:
            try:
                await self._session.ask(request)
                return Outcome.ok(operation.value)
            except (CassandraError, OSError) as error:
                if ERRORS.classify(error)[1] or not isinstance(error, CassandraError):
                    # This time it did not happen; but an earlier time it may have.
                    raise doubt or error from None
                if not self._manners.again:
                    raise
                doubt = error
            await asyncio.sleep(PAUSE_SECONDS)
