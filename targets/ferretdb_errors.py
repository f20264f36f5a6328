"""Error table of FerretDB, by MongoDB's codes. An operation with a definite error certainly did not happen.

Pitfall: what its backend says comes as InternalError (1), also where a statement of several was carried out.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # internal/clientconn/conn.go, handleOpMsg: there is no such command.
    code(59, ErrorKind.OTHER, definite=True),
    # internal/handler/commands.go, checkAuthentication: before the command's handler.
    code(13, ErrorKind.UNAVAILABLE, definite=True),
    code(18, ErrorKind.UNAVAILABLE, definite=True),
    code(50, ErrorKind.TIMEOUT),
    code(1, ErrorKind.OTHER),
)
