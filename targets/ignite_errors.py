"""Error table of Ignite's thin protocol, by the status of its answers. An operation with a definite error certainly did
not happen.

ignite.apache.org/docs, "Binary client protocol", and ClientStatus.java: a status of 1 is any failure of an operation,
also of one whose primary went away while it was carried out.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # The request was not begun: there is none of this number (2), the cluster is not active (10), the cache is not
    # there (1000), or the user's name and password are wrong (2000).
    code(2, ErrorKind.OTHER, definite=True),
    code(10, ErrorKind.UNAVAILABLE, definite=True),
    code(1000, ErrorKind.UNAVAILABLE, definite=True),
    code(2000, ErrorKind.OTHER, definite=True),
    code(1, ErrorKind.UNAVAILABLE),
)
