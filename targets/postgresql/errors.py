"""Error table of PostgreSQL, by SQLSTATE. An operation with a definite error certainly did not happen.

Pitfall: whatever breaks while a COMMIT is answered leaves its end unknown. What fails before it is no row's matter: the
client knows that nothing was committed.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import Row, raised, table


def state(number: str, kind: ErrorKind, *, definite: bool = False) -> Row:
    """A row for errors that the server reports under a SQLSTATE."""
    return raised(Exception, kind, definite=definite, sqlstate=number)


ERRORS = table(
    # The manual, "PostgreSQL Error Codes": class 40 is a transaction that was rolled back, but for 40003.
    state("40001", ErrorKind.CONFLICT, definite=True),
    state("40P01", ErrorKind.CONFLICT, definite=True),
    state("23505", ErrorKind.CONFLICT, definite=True),
    # A standby takes no writes, and a transaction that failed before is not committed.
    state("25006", ErrorKind.NO_LEADER, definite=True),
    state("25P02", ErrorKind.CONFLICT, definite=True),
    # Said before a session or a statement is begun.
    state("57P03", ErrorKind.UNAVAILABLE, definite=True),
    state("53300", ErrorKind.UNAVAILABLE, definite=True),
    state("42P01", ErrorKind.OTHER, definite=True),
    # The server is shut down, or the session was ended: perhaps after its statement was carried out.
    state("57P01", ErrorKind.UNAVAILABLE),
    state("57P02", ErrorKind.UNAVAILABLE),
    # The driver's: the connection broke.
    state("08003", ErrorKind.CONNECTION),
    state("08006", ErrorKind.CONNECTION),
    raised("asyncpg.exceptions._base.InterfaceError", ErrorKind.CONNECTION),
    raised("asyncpg.exceptions._base.InternalClientError", ErrorKind.CONNECTION),
)
