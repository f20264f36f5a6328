"""Client of sharded, which also finds rows by their value."""

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.stores.client import StoreClient, StoreError
from splitbrain.targets.stores.sharded.messages import FIND
from splitbrain.targets.values import frozen


class ShardedClient(StoreClient):
    """One logical client, pinned to one node."""

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. StoreError, or what the channel raises."""
        if operation.f != FIND:
            return await super().invoke(operation)
        response = await self._request(FIND, None, operation.value)
        if response.error is not None:
            raise StoreError(response.error, response.text)
        return Outcome.ok(frozen(response.value))
