"""Error table of Redis. An operation with a definite error certainly did not happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import raised, table, text


class TooFewReplicas(Exception):
    """A write that the primary has, and fewer replicas than were asked for."""


ERRORS = table(
    # Said before a command or a transaction is begun.
    text("READONLY", ErrorKind.NO_LEADER, definite=True),
    text("NOREPLICAS", ErrorKind.UNAVAILABLE, definite=True),
    text("MASTERDOWN", ErrorKind.UNAVAILABLE, definite=True),
    text("LOADING", ErrorKind.UNAVAILABLE, definite=True),
    text("MISCONF", ErrorKind.UNAVAILABLE, definite=True),
    text("WRONGTYPE", ErrorKind.OTHER, definite=True),
    # cluster.c, clusterRedirectClient: said instead of beginning, and for a transaction that is then discarded.
    text("MOVED", ErrorKind.NO_LEADER, definite=True),
    text("CLUSTERDOWN", ErrorKind.UNAVAILABLE, definite=True),
    text("NOAUTH", ErrorKind.OTHER, definite=True),
    text("WRONGPASS", ErrorKind.OTHER, definite=True),
    # The primary was demoted while a write waited for its replicas.
    text("UNBLOCKED", ErrorKind.NO_LEADER),
    raised(TooFewReplicas, ErrorKind.UNAVAILABLE),
)
