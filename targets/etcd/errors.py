"""Error table of etcd. An operation with a definite error certainly did not happen.

Pitfall: "database space exceeded" sounds like a refusal and is also what etcd answers after it has applied the write
that filled the quota. Rows are definite only where etcd answers before it proposes, or where the transaction itself was
refused.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import ServerError, code, table, text


class EtcdError(ServerError):
    """An error that etcd answered. code: its gRPC status, 0 if it gave no number. revision: of "compacted", the oldest
    left."""

    def __init__(self, text: str, code: object = 0, revision: int = 0) -> None:
        super().__init__(text or f"gRPC status {code}", code if isinstance(code, int) else 0)
        self.revision = revision


COMPACTED = "required revision has been compacted"
NO_LEASE = "etcdserver: requested lease not found"
LEARNER = "rpc not supported for learner"
GRPC_DEADLINE, GRPC_UNAVAILABLE = 4, 14

ERRORS = table(
    text("etcdserver: leader changed", ErrorKind.NO_LEADER),
    # With the header `hasleader`, asked before the request is looked at.
    text("etcdserver: no leader", ErrorKind.NO_LEADER, definite=True),
    text("etcdserver: not leader", ErrorKind.NO_LEADER),
    text("etcdserver: request timed out", ErrorKind.TIMEOUT),
    text("etcdserver: too many requests", ErrorKind.UNAVAILABLE, definite=True),
    # A member without a vote says so before it looks at the request.
    text(LEARNER, ErrorKind.UNAVAILABLE, definite=True),
    text("etcdserver: unhealthy cluster", ErrorKind.UNAVAILABLE, definite=True),
    text("etcdserver: mvcc: database space exceeded", ErrorKind.UNAVAILABLE),
    text("etcdserver: server stopped", ErrorKind.UNAVAILABLE),
    text("etcdserver: corrupt cluster", ErrorKind.UNAVAILABLE),
    text(COMPACTED, ErrorKind.CONFLICT, definite=True),
    text("required revision is a future revision", ErrorKind.CONFLICT, definite=True),
    text(NO_LEASE, ErrorKind.PRECONDITION, definite=True),
    text("etcdserver: permission denied", ErrorKind.OTHER, definite=True),
    text("etcdserver: invalid auth token", ErrorKind.OTHER, definite=True),
    text("etcdserver: user name is empty", ErrorKind.OTHER, definite=True),
    text("authentication failed", ErrorKind.OTHER, definite=True),
    code(GRPC_DEADLINE, ErrorKind.TIMEOUT),
    code(GRPC_UNAVAILABLE, ErrorKind.UNAVAILABLE),
)
