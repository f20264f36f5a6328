"""Error table of OpenSearch, by the status of its answers. An operation with a definite error certainly did not happen.

Pitfall: a node that passes a change on to the primary tries again when that is gone or its connection broke, so that an
error of the last try says nothing of the first (TransportReplicationAction, ReroutePhase). Nor does a
conflict, which may be one with what the first try put.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # The request was understood by no node: opensearch.org/docs/latest/api-reference/document-apis.
    code(400, ErrorKind.OTHER, definite=True),
    code(401, ErrorKind.OTHER, definite=True),
    code(403, ErrorKind.OTHER, definite=True),
    code(404, ErrorKind.UNAVAILABLE),
    code(409, ErrorKind.CONFLICT),
    code(429, ErrorKind.UNAVAILABLE),
    code(500, ErrorKind.OTHER),
    code(503, ErrorKind.UNAVAILABLE),
    code(504, ErrorKind.TIMEOUT),
)
