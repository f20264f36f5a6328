"""Error table of Tarantool, by its error codes (errcode.h). An operation with a definite error certainly did not
happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # Refused before a statement is begun: a node that is read-only, a function or a user that is not there, a user who
    # may not, a wrong password.
    code(7, ErrorKind.NO_LEADER, definite=True),
    code(33, ErrorKind.UNAVAILABLE, definite=True),
    code(42, ErrorKind.OTHER, definite=True),
    code(45, ErrorKind.OTHER, definite=True),
    code(47, ErrorKind.OTHER, definite=True),
    # ER_SYNC_QUORUM_TIMEOUT and ER_SYNC_ROLLBACK: rolled back here, though a replica may have had it.
    code(216, ErrorKind.TIMEOUT),
    code(217, ErrorKind.UNAVAILABLE),
)
