"""Error table of PostgreSQL, by SQLSTATE. An operation with a definite error certainly did not happen.

Pitfall: whatever breaks while a COMMIT is answered leaves its end unknown. What fails before it is no row's matter: the
client knows that nothing was committed.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # The manual, "PostgreSQL Error Codes": class 40 is a transaction that was rolled back, but for 40003.
    code("40001", ErrorKind.CONFLICT, definite=True),
    code("40P01", ErrorKind.CONFLICT, definite=True),
    code("23505", ErrorKind.CONFLICT, definite=True),
    # A standby takes no writes, and a transaction that failed before is not committed.
    code("25006", ErrorKind.NO_LEADER, definite=True),
    code("25P02", ErrorKind.CONFLICT, definite=True),
    # Said before a session or a statement is begun.
    code("57P03", ErrorKind.UNAVAILABLE, definite=True),
    code("53300", ErrorKind.UNAVAILABLE, definite=True),
    code("42P01", ErrorKind.OTHER, definite=True),
    # The server is shut down, or the session was ended: perhaps after its statement was carried out.
    code("57P01", ErrorKind.UNAVAILABLE),
    code("57P02", ErrorKind.UNAVAILABLE),
    # The driver's: the connection broke.
    code("08003", ErrorKind.CONNECTION),
    code("08006", ErrorKind.CONNECTION),
)
