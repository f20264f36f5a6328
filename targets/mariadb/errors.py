"""Error table of MariaDB, by its error numbers. An operation with a definite error certainly did not happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ROWS = (
    # mariadb.com/kb/en/mariadb-error-code-reference: the transaction was rolled back (1213), or the statement was, and
    # the client rolls back the rest (1205: lock wait timeout; 1020: changed since it was read; 1062: duplicate).
    code(1213, ErrorKind.CONFLICT, definite=True),
    code(1020, ErrorKind.CONFLICT, definite=True),
    code(1205, ErrorKind.CONFLICT, definite=True),
    code(1062, ErrorKind.CONFLICT, definite=True),
    # Refused before a statement is begun.
    code(1290, ErrorKind.UNAVAILABLE, definite=True),
    code(1146, ErrorKind.OTHER, definite=True),
    # Of the driver: the connection broke.
    code(2006, ErrorKind.CONNECTION),
    code(2013, ErrorKind.CONNECTION),
    code(1053, ErrorKind.UNAVAILABLE),
)
ERRORS = table(*ROWS)
