"""Clients of a described server: operations as HTTP requests or RESP commands.

Values are sent as JSON text. A reply, or the part of it that `value` names, is read as JSON, and a string in it once
more: many servers store text.
"""

import json
from typing import TYPE_CHECKING, Any

from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.binary.description import Description, OperationEntry
from splitbrain.targets.binary.template import fill, in_url, of_operation
from splitbrain.targets.operations import SHAPES
from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection, translated
from splitbrain.targets.servers.tcp import RespConnection
from splitbrain.targets.values import frozen

if TYPE_CHECKING:
    import httpx2

SUCCESS = range(200, 300)


class BinaryClient(ServerClient):
    """A client pinned to one node."""

    def __init__(self, node: Node, description: Description) -> None:
        super().__init__(node.address, description)
        self.description = description
        self._http: HttpConnection | None = None
        self._resp: RespConnection | None = None

    async def open(self) -> None:
        """Connect, and ask a question (PING, or the readiness request): what fails here was certainly not done."""
        description, address = self.description, self.address
        if description.uses_http:
            self._http = HttpConnection(f"http://{address}:{description.port}")
            if description.ready.http:
                await _status(self._http, "GET", description.ready.http, "")
        if any(entry.resp for entry in description.operations.values()):
            self._resp = await RespConnection.connect(address, description.port)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation; errors as of the error table."""
        entry = self.description.operations[operation.f]
        reply = await (self._request(entry, operation) if entry.http else self._command(entry, operation))
        if reply is REFUSED:
            return Outcome.fail(ErrorKind.PRECONDITION, "the server refused it", operation.value)
        return Outcome.ok(operation.value if SHAPES[operation.f].effects else reply)

    async def close(self) -> None:
        """Disconnect."""
        for connection in (self._http, self._resp):
            if connection is not None:
                await connection.aclose()

    async def _request(self, entry: OperationEntry, operation: Operation) -> Any:
        assert self._http is not None
        method, path = entry.http.split(" ")
        values = of_operation(operation)
        response = await _status(self._http, method, fill(path, values, in_url), fill(entry.body, values))
        status = response.status_code
        if status in entry.refused:
            return REFUSED
        if status in entry.nil:
            return None
        if status not in SUCCESS:
            raise self._http.failure(status, None, response.content)
        return None if SHAPES[operation.f].effects else value_in(response.content, entry.value)

    async def _command(self, entry: OperationEntry, operation: Operation) -> Any:
        assert self._resp is not None
        values = of_operation(operation)
        reply = await self._resp.ask(*(fill(word, values) for word in entry.resp))
        told = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        if told in entry.refused or (told is None and "nil" in entry.refused):
            return REFUSED
        if SHAPES[operation.f].effects:
            if told is None:
                raise ServerError("the server answered nil")
            return None
        if told is None or told in entry.nil:
            return None
        if isinstance(reply, list):
            return tuple(value_in(one) for one in reply)
        return value_in(reply)


REFUSED = object()
"""The reply of a server that found a precondition false."""


async def _status(http: HttpConnection, method: str, path: str, body: str) -> "httpx2.Response":
    """The response to a request, whatever its status."""
    headers = {"content-type": "application/json"} if body else {}
    with translated():
        return await http.http.request(method, path, content=body.encode(), headers=headers)


def value_in(reply: Any, path: str = "") -> Any:
    """The value in a reply. path: names or numbers of the members that lead to it in JSON, separated by dots.

    ServerError if it is not there: then what was seen is unknown."""
    found = _parsed(reply)
    for step in filter(None, path.split(".")):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise ServerError(f"the reply has no {path}: {reply[:200]!r}") from None
    return frozen(_parsed(found))


def _parsed(text: Any) -> Any:
    if not isinstance(text, str | bytes):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace") if isinstance(text, bytes) else text
