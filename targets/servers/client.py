"""Clients of servers: an operation is dispatched to the method of its name.

Pitfall: a node that is paused accepts connections and answers nothing. So a client asks a question when it opens: what
fails until then is certain not to have happened.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from splitbrain.harness.client import ErrorTable
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.operations import SHAPES
from splitbrain.targets.servers.errors import NO_ANSWER
from splitbrain.targets.values import packed, unpacked

APPEND_TRIES = 8
ANY = object()
"""In place of a version: whichever an object has."""
Handler = Callable[[Operation], Awaitable[Outcome]]


class ServerClient:
    """A client pinned to one node; see `harness.client.Client`. A subclass overrides what is not as here, and has a
    method for each operation, or calls `offer`.

    address: of its node. server: its description, with the settings. connection: what `close` closes; None before
    `open`.
    """

    def __init__(self, address: str, server: Any) -> None:
        self.address, self.server = address, server
        self.connection: Any = None
        self._handlers: Mapping[str, Handler] = {}
        self.offer(self)

    def offer(self, *parts: Any) -> None:
        """Send operations to the first of these objects that has a method of the name."""
        found = {name: next((getattr(part, name) for part in parts if hasattr(part, name)), None) for name in SHAPES}
        self._handlers = {name: handler for name, handler in found.items() if handler is not None}

    async def open(self) -> None:
        """Connect."""

    async def setup(self) -> None:
        """Do nothing, as nothing has to be made."""

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. Raises what the error table knows."""
        return await self._handlers[operation.f](operation)

    async def teardown(self) -> None:
        """Nothing: the cluster goes away with the run."""

    async def close(self) -> None:
        """Disconnect."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.aclose()


async def reading(before: Awaitable[Any], operation: Operation, errors: ErrorTable) -> Any:
    """Await what a change reads before it changes anything; a `fail` Outcome if the server or its driver fails:
    nothing was changed. Another error is a mistake of ours, and raised."""
    try:
        return await before
    except Exception as error:
        if not (isinstance(error, NO_ANSWER) or errors.knows(error)):
            raise
        return Outcome.fail(errors.classify(error)[0], f"while reading: {error!r}", operation.value)


class VersionedObjects(ABC):
    """Registers and lists on a server that replaces the text of an object if it has the version that was read."""

    errors: ErrorTable

    @abstractmethod
    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of the operation's object and its version; None and None if there is none."""

    @abstractmethod
    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """Put a text in place of this version; None: of no object. Returns None if that is certainly not there, never
        where the server may have tried before and succeeded: then it raises what is `info` by the table."""

    async def write(self, operation: Operation) -> Outcome:
        """Replace the value, or create it; objects are not deleted, so the third try finds one."""
        for version in (ANY, None, ANY):
            if done := await self.replaced(operation, version, packed(operation.value)):
                return done
        return Outcome.fail(ErrorKind.CONFLICT, "the object was there, and then it was not", operation.value)

    async def cas(self, operation: Operation) -> Outcome:
        """Set the new value if the old one stands there; None as the old one: if there is no object."""
        old, new = operation.value
        text, version = await self.found(operation)
        if text != (None if old is None else packed(old)):
            return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", operation.value)
        done = await self.replaced(operation, version, packed(new))
        return done or Outcome.fail(ErrorKind.CONFLICT, "the value was written meanwhile", operation.value)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list, and put the longer one if it has not changed since; up to `APPEND_TRIES` times."""
        for _ in range(APPEND_TRIES):
            before = await reading(self.found(operation), operation, self.errors)
            if isinstance(before, Outcome):
                return before
            text, version = before
            longer = packed([*(unpacked(text) if text else ()), operation.value])
            if done := await self.replaced(operation, version, longer):
                return done
        return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)
