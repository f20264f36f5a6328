"""Error table of OpenSearch, by the status of its answers. None is definite for a change.

Pitfall: a node that passes a change on to the primary tries again when that is gone or its connection broke, so that an
error of the last try says nothing of the first (TransportReplicationAction, ReroutePhase). Nor does a
conflict, which may be one with what the first try put. 400 is any IllegalArgumentException, wherever it was raised
(ExceptionsHelper.status), and an index that is closed; 403 is a block of an index or of the cluster, which the last
try may meet (ClusterBlockLevel, ClusterBlockException.status).
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    code(400, ErrorKind.OTHER),
    code(401, ErrorKind.OTHER),
    code(403, ErrorKind.OTHER),
    code(404, ErrorKind.UNAVAILABLE),
    code(409, ErrorKind.CONFLICT),
    code(429, ErrorKind.UNAVAILABLE),
    code(500, ErrorKind.OTHER),
    code(503, ErrorKind.UNAVAILABLE),
    code(504, ErrorKind.TIMEOUT),
)
