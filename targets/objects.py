"""Objects of servers that have texts under names and nothing else: registers, lists, and sets kept as lists."""

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
