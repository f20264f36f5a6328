"""Error table of Tarantool, by its error codes (errcode.h). An operation with a definite error certainly did not
happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # Refused before a statement is begun (read in Tarantool 2.6.0): a node that is read-only (box.cc, box_process1), a
    # function that is not there (lua/call.c, box_lua_find), a user who may not, is not there (user.cc) or has a wrong
    # password (authentication.cc). A function of ours changes nothing before its last statement.
    code(7, ErrorKind.NO_LEADER, definite=True),
    code(33, ErrorKind.UNAVAILABLE, definite=True),
    code(42, ErrorKind.OTHER, definite=True),
    code(45, ErrorKind.OTHER, definite=True),
    code(47, ErrorKind.OTHER, definite=True),
    # ER_SYNC_QUORUM_TIMEOUT and ER_SYNC_ROLLBACK: rolled back here, though a replica may have had it.
    code(216, ErrorKind.TIMEOUT),
    code(217, ErrorKind.UNAVAILABLE),
)
