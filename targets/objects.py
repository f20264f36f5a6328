"""Objects of servers that have texts under names and nothing else: registers, lists, and sets kept as lists."""

from abc import abstractmethod
from collections.abc import Iterable

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.servers.client import ServerClient, VersionedObjects
from splitbrain.targets.values import in_order, packed, unpacked


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
