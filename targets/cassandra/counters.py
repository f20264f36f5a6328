"""Counters: Cassandra's own column type, to which increments are added without being read.

Pitfall: an increment is not idempotent. One that timed out may have been counted, so whoever sends it again may count
it twice; `retry_timeouts=on` does just that, as many clients do, and calls it one increment.
"""

import asyncio

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.schema import COUNTER, COUNTERS, name, reading, writing
from splitbrain.targets.cassandra.session import QueryExecutor

READ = f"SELECT sum FROM {COUNTERS} WHERE key = ?"
INCREMENT = f"UPDATE {COUNTERS} SET sum = sum + ? WHERE key = ?"

PAUSE_SECONDS = 0.05
"""Between an increment and the same once more."""


class Counters:
    """Counters through one node."""

    def __init__(self, session: QueryExecutor, settings: CassandraSettings) -> None:
        self._session, self._settings = session, settings

    async def read(self, operation: Operation) -> Outcome:
        """The sum, None if it was never incremented."""
        rows = await self._session.ask(reading(self._settings, READ, name(operation.key)))
        return Outcome.ok(rows[0][0] if rows else None)

    async def increment(self, operation: Operation) -> Outcome:
        """Add a delta. With `retry_timeouts` again and again, until it is counted or the caller's time is up."""
        self._settings.kinds[operation.key] = COUNTER
        request = writing(self._settings, INCREMENT, operation.value, name(operation.key))
        doubt: Exception | None = None
        while True:
            try:
                await self._session.ask(request)
                return Outcome.ok(operation.value)
            except Exception as error:
                if ERRORS.classify(error)[1]:
                    # This time it did not happen; but an earlier time it may have.
                    raise doubt or error from None
                if not self._settings.again:
                    raise
                doubt = error
            await asyncio.sleep(PAUSE_SECONDS)
