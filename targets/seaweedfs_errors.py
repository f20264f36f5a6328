"""Error table of SeaweedFS's S3 gateway, by the status of its answers. None is definite for a change.

Pitfall: where a filer's answer to a put did not come, the gateway tries once more under a lock (weed/s3api,
routedObjectWrite and withObjectWriteLock), and then the condition may be false because the first try was done.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # weed/s3api, filerErrorToS3Error: also of a put that was called off, perhaps after its entry was made.
    code(400, ErrorKind.OTHER),
    # A sender who may not, and also what the filer says of a bucket that is read-only (filerErrorToS3Error).
    code(403, ErrorKind.OTHER),
    code(404, ErrorKind.UNAVAILABLE),
    code(409, ErrorKind.CONFLICT),
    code(412, ErrorKind.CONFLICT),
    code(500, ErrorKind.OTHER),
    code(503, ErrorKind.UNAVAILABLE),
)
