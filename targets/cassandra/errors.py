"""What does each of Cassandra's errors mean? One table, as data, by error and write type: a definite one certainly did
not happen.

The trap is "unavailable". A coordinator says it before it sends a plain write to anybody, so that write did not
happen; in the course of a lightweight transaction it may say it after the proposal was accepted, and then nobody knows.
So it is two rows. What timed out or failed may have happened, or happen later: a hint brings it, or a replica that was
only slow.
"""

from collections.abc import Mapping

from splitbrain.harness.client import TRANSPORT, ErrorTable, Rule
from splitbrain.harness.operation import ErrorKind

WRITE_TYPES = ("simple", "batch", "unlogged_batch", "counter", "batch_log", "cas", "view", "cdc")
"""What a coordinator was writing when time ran out, as it says."""

UNAVAILABLE, UNAVAILABLE_IN_TRANSACTION = "unavailable", "unavailable in a transaction"
WRITE_TIMEOUT = "write timeout"
WRITE_FAILURE, READ_TIMEOUT, READ_FAILURE = "write failure", "read timeout", "read failure"
CAS_UNKNOWN, OVERLOADED, BOOTSTRAPPING = "cas write unknown", "overloaded", "bootstrapping"
TIMED_OUT, BROKEN, REFUSED, UNKNOWN = "timed out", "connection broke", "refused request", "unknown"

ANSWERED: Mapping[int, str] = {0x1001: OVERLOADED, 0x1002: BOOTSTRAPPING, 0x1700: CAS_UNKNOWN, 0x2000: REFUSED}
"""Error code of the protocol → word, where the driver has no exception of its own (0x2000: wrong syntax)."""


def write_timeout(write_type: str) -> str:
    """The word for a write that timed out, of such a type."""
    return f"{WRITE_TIMEOUT}: {write_type}"


ERRORS = ErrorTable(
    (
        Rule(UNAVAILABLE, ErrorKind.UNAVAILABLE, definite=True),
        Rule(UNAVAILABLE_IN_TRANSACTION, ErrorKind.UNAVAILABLE, definite=False),
        *(Rule(write_timeout(word), ErrorKind.TIMEOUT, definite=False) for word in WRITE_TYPES),
        Rule(WRITE_FAILURE, ErrorKind.UNAVAILABLE, definite=False),
        Rule(CAS_UNKNOWN, ErrorKind.UNAVAILABLE, definite=False),
        Rule(OVERLOADED, ErrorKind.UNAVAILABLE, definite=False),
        Rule(BOOTSTRAPPING, ErrorKind.UNAVAILABLE, definite=False),
        Rule(READ_TIMEOUT, ErrorKind.TIMEOUT, definite=False),
        Rule(READ_FAILURE, ErrorKind.UNAVAILABLE, definite=False),
        Rule(TIMED_OUT, ErrorKind.TIMEOUT, definite=False),
        Rule(BROKEN, ErrorKind.CONNECTION, definite=False),
        # Wrong syntax, no such table, no permission: it was looked at, and not begun.
        Rule(REFUSED, ErrorKind.OTHER, definite=True),
        Rule(UNKNOWN, ErrorKind.OTHER, definite=False),
        *TRANSPORT,
    )
)


class CassandraError(Exception):
    """An error of a request that was sent. code: its word in the error table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def understood(error: Exception, *, conditional: bool) -> Exception:
    """What the driver raised, as the error table knows it. conditional: whether it was a lightweight transaction.

    ConnectionRefusedError if nothing was sent: the driver says so when it had no connection to give the request to.
    """
    from cassandra.cluster import NoHostAvailable

    if isinstance(error, NoHostAvailable):
        return ConnectionRefusedError("there is no connection to the node")
    return CassandraError(_code(error, conditional), str(error) or type(error).__name__)


def _code(error: Exception, conditional: bool) -> str:
    import cassandra
    from cassandra.connection import ConnectionException
    from cassandra.protocol import ErrorMessage

    if isinstance(error, cassandra.Unavailable):
        return UNAVAILABLE_IN_TRANSACTION if conditional else UNAVAILABLE
    if isinstance(error, cassandra.WriteTimeout):
        return write_timeout(cassandra.WriteType.value_to_name.get(error.write_type, "?").lower())
    if isinstance(error, ErrorMessage):
        return ANSWERED.get(error.code, UNKNOWN)
    known = {
        cassandra.WriteFailure: WRITE_FAILURE,
        cassandra.ReadTimeout: READ_TIMEOUT,
        cassandra.ReadFailure: READ_FAILURE,
        cassandra.OperationTimedOut: TIMED_OUT,
        ConnectionException: BROKEN,
        cassandra.RequestValidationException: REFUSED,
    }
    return next((word for kind, word in known.items() if isinstance(error, kind)), UNKNOWN)
