"""Error table of SeaweedFS's S3 gateway, by the status of its answers. An operation with a definite error certainly did
not happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # docs.aws.amazon.com/AmazonS3, "Error responses": the request was rejected as a whole.
    code(400, ErrorKind.OTHER, definite=True),
    code(403, ErrorKind.OTHER, definite=True),
    code(404, ErrorKind.UNAVAILABLE, definite=True),
    code(409, ErrorKind.CONFLICT, definite=True),
    code(412, ErrorKind.PRECONDITION, definite=True),
    code(500, ErrorKind.OTHER),
    code(503, ErrorKind.UNAVAILABLE),
)
