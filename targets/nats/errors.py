"""Error table of NATS JetStream and its driver. An operation with a definite error certainly did not happen."""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import raised, table

ERRORS = table(
    # Nobody took the request: the stream has no leader, as far as the server that was asked knows.
    raised("nats.js.errors.NoStreamResponseError", ErrorKind.NO_LEADER, definite=True),
    raised("nats.errors.NoRespondersError", ErrorKind.NO_LEADER, definite=True),
    # docs.nats.io, "JetStream API errors": the condition was false, which the leader says before it stores a message.
    raised("nats.js.errors.APIError", ErrorKind.PRECONDITION, definite=True, err_code=10071),
    # Said by a server that has no part in a quorum, before it proposes.
    raised("nats.js.errors.APIError", ErrorKind.UNAVAILABLE, definite=True, err_code=10008),
    raised("nats.js.errors.APIError", ErrorKind.UNAVAILABLE),
    raised("nats.errors.TimeoutError", ErrorKind.TIMEOUT),
    raised("nats.errors.ConnectionClosedError", ErrorKind.CONNECTION),
    raised("nats.errors.Error", ErrorKind.CONNECTION),
)
