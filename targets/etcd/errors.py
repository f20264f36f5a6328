"""What does each of etcd's errors mean? One table, as data: a definite one certainly did not happen.

The trap is an error that sounds like a refusal and is none: "database space exceeded" is also what etcd answers after
it has applied the write that filled the quota. Rows are definite only where etcd answers before it proposes, or where
the transaction itself was refused; everything unknown stays unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.harness.client import TRANSPORT, ErrorTable, Rule
from splitbrain.harness.operation import ErrorKind


class EtcdError(Exception):
    """An error that etcd answered. code: its word in the error table. revision: of "compacted", the oldest left."""

    def __init__(self, code: str, text: str, revision: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.revision = revision


@dataclass(frozen=True)
class Answer:
    """One error that etcd answers. text: a part of its message."""

    text: str
    code: str
    kind: ErrorKind
    definite: bool


ANSWERS = (
    Answer("etcdserver: leader changed", "leader-changed", ErrorKind.NO_LEADER, definite=False),
    # With the header `hasleader`, asked before the request is looked at.
    Answer("etcdserver: no leader", "no-leader", ErrorKind.NO_LEADER, definite=True),
    Answer("etcdserver: not leader", "not-leader", ErrorKind.NO_LEADER, definite=False),
    Answer("etcdserver: request timed out", "timed-out", ErrorKind.TIMEOUT, definite=False),
    Answer("etcdserver: too many requests", "too-many-requests", ErrorKind.UNAVAILABLE, definite=True),
    # A member without a vote says so before it looks at the request.
    Answer("rpc not supported for learner", "learner", ErrorKind.UNAVAILABLE, definite=True),
    Answer("etcdserver: unhealthy cluster", "unhealthy", ErrorKind.UNAVAILABLE, definite=True),
    Answer("etcdserver: mvcc: database space exceeded", "no-space", ErrorKind.UNAVAILABLE, definite=False),
    Answer("etcdserver: server stopped", "stopped", ErrorKind.UNAVAILABLE, definite=False),
    Answer("etcdserver: corrupt cluster", "corrupt", ErrorKind.UNAVAILABLE, definite=False),
    Answer("required revision has been compacted", "compacted", ErrorKind.CONFLICT, definite=True),
    Answer("required revision is a future revision", "future-revision", ErrorKind.CONFLICT, definite=True),
    Answer("etcdserver: requested lease not found", "lease-not-found", ErrorKind.PRECONDITION, definite=True),
    Answer("etcdserver: permission denied", "permission-denied", ErrorKind.OTHER, definite=True),
    Answer("etcdserver: invalid auth token", "invalid-token", ErrorKind.OTHER, definite=True),
    Answer("etcdserver: user name is empty", "no-user", ErrorKind.OTHER, definite=True),
    Answer("authentication failed", "authentication-failed", ErrorKind.OTHER, definite=True),
)
"""What etcd's messages mean, the first that fits decides."""

GRPC: Mapping[int, str] = {4: "deadline", 14: "unavailable"}
"""gRPC status code → word, where no message fits."""

UNKNOWN = "unknown"

ERRORS = ErrorTable(
    (
        *(Rule(answer.code, answer.kind, answer.definite) for answer in ANSWERS),
        Rule("deadline", ErrorKind.TIMEOUT, definite=False),
        Rule("unavailable", ErrorKind.UNAVAILABLE, definite=False),
        Rule(UNKNOWN, ErrorKind.OTHER, definite=False),
        *TRANSPORT,
    )
)


def understood(message: str, grpc_code: int) -> EtcdError:
    """The error of a message and a gRPC status code, as they stand in a JSON body."""
    code = next((answer.code for answer in ANSWERS if answer.text in message), GRPC.get(grpc_code, UNKNOWN))
    return EtcdError(code, message or f"gRPC status {grpc_code}")
