"""Client of a log broker: sends messages, and polls them from where it stopped."""

from typing import Any

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.stores.broker.compaction import MESSAGES
from splitbrain.targets.stores.client import StoreClient, StoreError
from splitbrain.targets.values import frozen

START = "start"
"""The value of a poll that reads a partition from its first message to its last."""


class LogClient(StoreClient):
    """A producer and a consumer of the same client."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options, compares=False)
        self._position: dict[Any, int] = {}

    async def setup(self) -> None:
        """See that the broker serves. StoreError if it does not yet."""
        await self._poll("log0", 1)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation of the workloads `log` and `compacted-log`. StoreError, or what the channel raises."""
        if operation.f in MESSAGES:
            response = await self._carry_out(operation.f, operation.key, operation.value)
            return Outcome.ok(operation.value, response.revision)
        whole = operation.value == START
        position = 1 if whole else self._position.get(operation.key, 1)
        found = await self._poll(operation.key, position)
        while whole and (more := await self._poll(operation.key, found[-1][0] + 1 if found else position)):
            found += more
        self._position[operation.key] = found[-1][0] + 1 if found else position
        return Outcome.ok(frozen(found))

    async def _poll(self, key: Any, position: int) -> list[Any]:
        """The messages from an offset on, each with its offset; at most as many as come in one answer."""
        return list(await self._ask("poll", key, position))

    async def _ask(self, f: str, key: Any, value: Any = None) -> Any:
        """The answer to a request that changes nothing. StoreError for an error."""
        response = await self._request(f, key, value)
        if response.error is not None:
            raise StoreError(response.error, response.text)
        return response.value
