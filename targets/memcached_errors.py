"""Error table of Memcached (protocol.txt). An operation with a definite error certainly did not happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import table, text

ERRORS = table(
    # Nothing was stored: the command was not understood, or there was no memory for it; what was to be
    # replaced is forgotten then, as in a cache anything may be.
    text("SERVER_ERROR out of memory", ErrorKind.UNAVAILABLE, definite=True),
    text("CLIENT_ERROR", ErrorKind.OTHER, definite=True),
    text("SERVER_ERROR", ErrorKind.OTHER),
)
