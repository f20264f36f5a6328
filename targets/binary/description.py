"""The description of a server in TOML. It is checked as it is read; what is wrong is one sentence with its place."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.operations import SHAPES

MAPPED = ("read", "write", "cas", "add", "remove", "append", "increment")
"""Operations that one request can carry out."""


class OperationEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation.

    http: method and path, "GET /keys/{key}"; body: of the request. resp: the words of a command. value: where in a
    JSON reply the value stands ("node.value"), "" for all of it. nil: statuses or replies that mean "no value".
    refused: statuses or replies that mean that the precondition was false.
    """

    http: str = ""
    body: str = ""
    resp: tuple[str, ...] = ()
    value: str = ""
    nil: tuple[int | str, ...] = ()
    refused: tuple[int | str, ...] = ()


class ReadyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The readiness check of a node: a path that answers 200, or a command of RESP; else a connection is enough."""

    http: str = ""
    resp: tuple[str, ...] = ()


class ErrorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meaning of a status, or of the first word of an error of RESP. definite: the operation certainly did not
    happen."""

    kind: ErrorKind
    definite: bool = False


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server. command: its words, for one node. port: where clients connect. files: name in the node's folder →
    contents. variables: environment variables."""

    command: tuple[str, ...]
    port: int
    operations: Mapping[str, OperationEntry]
    summary: str = ""
    claims: tuple[str, ...] = ()
    ready: ReadyEntry = ReadyEntry()
    ready_seconds: float = 30.0
    files: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    errors: Mapping[str, ErrorEntry] = {}

    @property
    def uses_http(self) -> bool:
        """Whether any request is one of HTTP."""
        return bool(self.ready.http) or any(entry.http for entry in self.operations.values())


def read(path: Path) -> Description:
    """The description in a file. UsageError if there is none, or one that makes no sense."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Description)
    except OSError as error:
        raise UsageError(f"binary:{path}: it cannot be read: {error.strerror}") from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if not found.command:
        raise UsageError(
            f'{path}: command is empty: write the words that start one node, as in ["./server", "{{port}}"]'
        )
    if not found.operations:
        raise UsageError(f"{path}: there are no operations: write [operations.read], with http or resp")
    for name, entry in found.operations.items():
        if name not in MAPPED:
            raise UsageError(f"{path}: an operation is one of {', '.join(MAPPED)}, not {name!r}")
        if entry.nil and SHAPES[name].effects:
            raise UsageError(f"{path}: operation {name} sees no value, so nil has no meaning for it")
        if bool(entry.http) == bool(entry.resp):
            raise UsageError(f"{path}: operation {name} needs either http or resp")
        if entry.http and len(entry.http.split(" ")) != 2:
            raise UsageError(f'{path}: operation {name}: http is "METHOD /path", not {entry.http!r}')
    return found
