"""Error table of HBase's REST gateway, by the status of its answers. None is definite for a change.

Read in hbase-rest, ResourceBase.processException: 400 is any RuntimeException, 404 any TableNotFoundException, and 503
everything else, also of a change that the region server carried out and whose answer did not come.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.objects import FALSE_ROW
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    code(400, ErrorKind.OTHER),
    code(401, ErrorKind.OTHER),
    code(403, ErrorKind.OTHER),
    code(404, ErrorKind.UNAVAILABLE),
    code(500, ErrorKind.OTHER),
    code(503, ErrorKind.UNAVAILABLE),
    FALSE_ROW,
)
