"""Error codes of Maelstrom's protocol (jepsen-io/maelstrom, doc/protocol.md), and what each means for an operation.

Codes below 1000 are the protocol's, those from 1000 on a program's own: these leave the end of an operation unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import ServerError, code, table


@dataclass(frozen=True)
class ProtocolError:
    """One error code. definite: whether the operation certainly did not and will not happen."""

    name: str
    kind: ErrorKind
    definite: bool


TIMEOUT, NODE_NOT_FOUND = 0, 1
NOT_SUPPORTED, TEMPORARILY_UNAVAILABLE, MALFORMED_REQUEST, CRASH, ABORT = 10, 11, 12, 13, 14
KEY_DOES_NOT_EXIST, KEY_ALREADY_EXISTS, PRECONDITION_FAILED, TXN_CONFLICT = 20, 21, 22, 30

CODES: Mapping[int, ProtocolError] = {
    TIMEOUT: ProtocolError("timeout", ErrorKind.TIMEOUT, definite=False),
    NODE_NOT_FOUND: ProtocolError("node-not-found", ErrorKind.UNAVAILABLE, definite=True),
    NOT_SUPPORTED: ProtocolError("not-supported", ErrorKind.OTHER, definite=True),
    TEMPORARILY_UNAVAILABLE: ProtocolError("temporarily-unavailable", ErrorKind.UNAVAILABLE, definite=True),
    MALFORMED_REQUEST: ProtocolError("malformed-request", ErrorKind.OTHER, definite=True),
    CRASH: ProtocolError("crash", ErrorKind.OTHER, definite=False),
    ABORT: ProtocolError("abort", ErrorKind.CONFLICT, definite=True),
    KEY_DOES_NOT_EXIST: ProtocolError("key-does-not-exist", ErrorKind.PRECONDITION, definite=True),
    KEY_ALREADY_EXISTS: ProtocolError("key-already-exists", ErrorKind.PRECONDITION, definite=True),
    PRECONDITION_FAILED: ProtocolError("precondition-failed", ErrorKind.PRECONDITION, definite=True),
    TXN_CONFLICT: ProtocolError("txn-conflict", ErrorKind.CONFLICT, definite=True),
}
"""Every code of the protocol."""

ERRORS = table(*(code(number, error.kind, definite=error.definite) for number, error in CODES.items()))
"""The meaning of each for an operation."""


def error_of(reply: Mapping[str, object]) -> ServerError:
    """The error of a reply of type `error`."""
    number = reply["code"]
    known = CODES.get(number) if isinstance(number, int) else None
    name = f"{number} {known.name}" if known else str(number)
    text = reply.get("text")
    return ServerError(f"{name}: {text}" if text else name, number if isinstance(number, int) else None)
