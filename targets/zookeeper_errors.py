"""Error table of ZooKeeper and its driver. An operation with a definite error certainly did not happen.

Pitfall: the driver tells a lost connection to what was sent and to what was still queued alike, so neither is definite.
It raises `SessionExpiredError` only where the server refused, or where nothing was sent; not so its subclass
`ConnectionClosedError`.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import Row, raised, table


def error(name: str, kind: ErrorKind, *, definite: bool = False) -> Row:
    """A row for one of the driver's exceptions."""
    return raised(f"kazoo.exceptions.{name}", kind, definite=definite)


ERRORS = table(
    error("ConnectionClosedError", ErrorKind.CONNECTION),
    error("ConnectionLoss", ErrorKind.CONNECTION),
    error("OperationTimeoutError", ErrorKind.TIMEOUT),
    error("RequestTimeoutError", ErrorKind.TIMEOUT),
    # A condition was false, or the request was refused before it was proposed: org.apache.zookeeper.KeeperException.
    error("NoNodeError", ErrorKind.PRECONDITION, definite=True),
    error("BadVersionError", ErrorKind.PRECONDITION, definite=True),
    error("NodeExistsError", ErrorKind.PRECONDITION, definite=True),
    error("MarshallingError", ErrorKind.OTHER, definite=True),
    error("UnimplementedError", ErrorKind.OTHER, definite=True),
    error("BadArgumentsError", ErrorKind.OTHER, definite=True),
    error("NoAuthError", ErrorKind.OTHER, definite=True),
    error("AuthFailedError", ErrorKind.OTHER, definite=True),
    error("SessionExpiredError", ErrorKind.UNAVAILABLE, definite=True),
    error("SessionMovedError", ErrorKind.UNAVAILABLE, definite=True),
    error("NotReadOnlyCallError", ErrorKind.UNAVAILABLE, definite=True),
    error("ThrottledOpError", ErrorKind.UNAVAILABLE, definite=True),
)
