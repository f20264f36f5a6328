"""Objects of servers that have texts under names and nothing else: registers, lists, and sets kept as lists."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.errors import ServerError, code
from splitbrain.targets.values import in_order, packed, unpacked

FALSE = "false"
FALSE_ROW = code(FALSE, ErrorKind.CONFLICT)
"""The row of error tables, for comparisons that were false, perhaps because the server's first try had done it."""


def false_comparison() -> ServerError:
    """The error of such a comparison."""
    return ServerError("the comparison was false, perhaps because the server's first try had done it", FALSE)


def name_of(operation: Operation) -> str:
    """The name of an operation's object."""
    return f"k{operation.key}"


class NamedTexts(VersionedObjects, ServerClient):
    """Clients of such a server; a subclass says how a text is found and replaced."""

    async def read(self, operation: Operation) -> Outcome:
        """Read an object; without a key, the set."""
        text, _ = await self.found(operation)
        if operation.key is None:
            return Outcome.ok(in_order(map(packed, unpacked(text))) if text else ())
        return Outcome.ok(None if text is None else unpacked(text))

    async def add(self, operation: Operation) -> Outcome:
        """Add to a set, which is kept as a list."""
        return await self.append(operation)


class NamedElements(NamedTexts):
    """The same, with a set of texts under names of their own, so that adding to it needs no comparison."""

    async def read(self, operation: Operation) -> Outcome:
        """Read an object; without a key, the set."""
        if operation.key is not None:
            return await super().read(operation)
        return Outcome.ok(in_order(await self.elements()))

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        await self.put_element(packed(operation.value))
        return Outcome.ok(operation.value)

    @abstractmethod
    async def elements(self) -> Iterable[str | bytes]:
        """The texts of the set's elements."""

    @abstractmethod
    async def put_element(self, text: str) -> None:
        """Put an element under a name of its own, whether it is there or not."""


class ComparedTexts(NamedTexts):
    """Clients of a server that replaces a text if it equals what was read, so that the version of an object is its
    text. Their error table has the row `FALSE_ROW`."""

    @property
    def tries_again(self) -> bool:
        """Whether the server may try again after a first try whose end it does not know: then a comparison that was
        false tells nothing."""
        return True

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of an object, twice."""
        text = await self.get(name_of(operation))
        return text, text

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: the text that stands there."""
        name = name_of(operation)
        if version is ANY:
            await self.put(name, text)
        elif not await (self.create(name, text) if version is None else self.exchange(name, version, text)):
            if self.tries_again:
                raise false_comparison()
            return None
        return Outcome.ok(operation.value)

    @abstractmethod
    async def get(self, name: str) -> str | None:
        """The text of this name; None if there is none."""

    @abstractmethod
    async def put(self, name: str, text: str) -> None:
        """Put a text under a name, whatever is there."""

    @abstractmethod
    async def create(self, name: str, text: str) -> bool:
        """Put a text under a name if there is none, and say whether that was so."""

    @abstractmethod
    async def exchange(self, name: str, old: str, new: str) -> bool:
        """Put the new text if the old one is there, and say whether it was."""
