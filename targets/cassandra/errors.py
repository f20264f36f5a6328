"""Error table of Cassandra and its driver. An operation with a definite error certainly did not happen.

Pitfall: "unavailable". A coordinator says it before it sends a plain write to anybody, so that write did not happen; in
the course of a lightweight transaction it may say it after the proposal was accepted, and then nobody knows. What timed
out or failed may have happened, or happen later: a hint brings it, or a replica that was only slow.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, raised, table

ERRORS = table(
    raised("cassandra.Unavailable", ErrorKind.UNAVAILABLE, definite=True, conditional=False),
    raised("cassandra.Unavailable", ErrorKind.UNAVAILABLE),
    raised("cassandra.WriteTimeout", ErrorKind.TIMEOUT),  # whatever it was writing
    raised("cassandra.WriteFailure", ErrorKind.UNAVAILABLE),
    raised("cassandra.ReadTimeout", ErrorKind.TIMEOUT),
    raised("cassandra.ReadFailure", ErrorKind.UNAVAILABLE),
    raised("cassandra.OperationTimedOut", ErrorKind.TIMEOUT),
    raised("cassandra.connection.ConnectionException", ErrorKind.CONNECTION),
    # Wrong syntax, no such table, no permission: it was looked at, and not begun.
    raised("cassandra.RequestValidationException", ErrorKind.OTHER, definite=True),
    code(0x2000, ErrorKind.OTHER, definite=True),
    code(0x1001, ErrorKind.UNAVAILABLE),  # overloaded
    code(0x1002, ErrorKind.UNAVAILABLE),  # bootstrapping
    code(0x1700, ErrorKind.UNAVAILABLE),  # of a lightweight transaction nobody knows the end
)


def translate_error(error: Exception, *, conditional: bool) -> Exception:
    """The driver's error in the form that the table knows. conditional: whether it was a lightweight transaction.

    ConnectionRefusedError if nothing was sent: the driver says so when it had no connection to give the request to.
    """
    from cassandra.cluster import NoHostAvailable

    if isinstance(error, NoHostAvailable):
        return ConnectionRefusedError("there is no connection to the node")
    error.conditional = conditional  # type: ignore[attr-defined]
    return error
