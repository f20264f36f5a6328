"""The description of a server in TOML. It is checked as it is read; what is wrong is one sentence with its place."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

import msgspec

from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import ErrorKind
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.targets.binary.template import OPERATION_NAMES, unknown_names
from splitbrain.targets.operations import SHAPES

MAPPED = ("read", "write", "cas", "add", "remove", "append", "increment")
"""Operations that one request can carry out."""


PORT_MAX = 65_535
_HTTP = re.compile(r"[A-Z]+ /\S*")


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
    recovery_seconds: float = 2.0
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
        told = f"{str(error)[:1].lower()}{str(error)[1:]}"
        if told.startswith("invalid enum value"):
            told += f"; the kinds of errors are {', '.join(ErrorKind)}"
        raise UsageError(f"{path}: {told}") from None
    for wrong in _mistakes(found):
        raise UsageError(f"{path}: {wrong}")
    return found


def _mistakes(found: Description) -> Iterator[str]:
    """The mistakes of a description, in words."""
    if not found.command:
        yield 'command is empty: write the words that start one node, as in ["./server", "{port}"]'
    if not 1 <= found.port <= PORT_MAX:
        yield f"port is a number from 1 to {PORT_MAX}, not {found.port}"
    for name in ("ready_seconds", "recovery_seconds"):
        if not 0 < (seconds := getattr(found, name)) < math.inf:
            yield f"{name} is a number of seconds above 0, not {seconds:g}"
    for file in found.files:
        if not file or PurePath(file).is_absolute() or ".." in PurePath(file).parts:
            yield f"a name in files is one within the node's folder, as server.conf, not {file!r}"
    if found.ready.http and not found.ready.http.startswith("/"):
        yield f"ready: http is a path, as /health, not {found.ready.http!r}"
    if not found.operations:
        yield "there are no operations: write [operations.read], with http or resp"
    for name, entry in found.operations.items():
        yield from _mistakes_of_operation(name, entry)


def _mistakes_of_operation(name: str, entry: OperationEntry) -> Iterator[str]:
    if name not in MAPPED:
        yield f"an operation is one of {', '.join(MAPPED)}, not {name!r}"
    elif entry.nil and SHAPES[name].effects:
        yield f"operation {name} sees no value, so nil has no meaning for it"
    if bool(entry.http) == bool(entry.resp):
        yield f"operation {name} needs either http or resp"
    if entry.http and not _HTTP.fullmatch(entry.http):
        yield f'operation {name}: http is "METHOD /path", not {entry.http!r}'
    for words in (entry.http, *entry.resp):
        for word in unknown_names(words, OPERATION_NAMES):
            hint = did_you_mean(word, OPERATION_NAMES, f"there are {', '.join(OPERATION_NAMES)}")
            yield f"operation {name}: nothing is called {{{word}}}{hint}"
