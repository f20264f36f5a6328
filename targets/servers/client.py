"""Clients of servers: an operation is dispatched to the method of its name.

Pitfall: a node that is paused accepts connections and answers nothing. So a client asks a question when it opens: what
fails until then is certain not to have happened.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from splitbrain.harness.client import ErrorTable
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.operations import SHAPES
from splitbrain.targets.servers.values import packed, unpacked

APPEND_TRIES = 8

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
        """Operations go to the first of these objects that has a method of the name."""
        found = {name: next((getattr(part, name) for part in parts if hasattr(part, name)), None) for name in SHAPES}
        self._handlers = {name: handler for name, handler in found.items() if handler is not None}

    async def open(self) -> None:
        """Connect."""

    async def setup(self) -> None:
        """Nothing has to be made."""

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
    """What a change reads before it changes anything; if that fails, a `fail` Outcome, for nothing was changed."""
    try:
        return await before
    except Exception as error:  # noqa: BLE001 - only read so far, whatever it is
        return Outcome.fail(errors.classify(error)[0], f"while reading: {error!r}", operation.value)


async def appended(
    operation: Operation,
    errors: ErrorTable,
    found: Callable[[], Awaitable[tuple[str | None, Any]]],
    replaced: Callable[[Any, str], Awaitable[Outcome | None]],
) -> Outcome:
    """Append to a list that is the text of one object: read it, and put the longer one if it has not changed since;
    again after a conflict, up to `APPEND_TRIES` times.

    found: the text, None if there is none, and its version. replaced: given that version and a text, the outcome; None
    if the version is another one, which is certain.
    """
    for _ in range(APPEND_TRIES):
        before = await reading(found(), operation, errors)
        if isinstance(before, Outcome):
            return before
        text, version = before
        done = await replaced(version, packed([*(unpacked(text) if text else ()), operation.value]))
        if done is not None:
            return done
    return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)
