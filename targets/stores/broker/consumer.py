"""Consumer of a log broker: takes the messages behind its group's offset, has their effects, and commits the offset.

| delivery | steps |
|---|---|
| `at-most-once` | the offset is committed, then come the effects: who stops in between has lost them |
| `at-least-once` | the effects come, then the offset is committed: who stops in between has them come again |
| `exactly-once` | both in one entry of the group's log, or neither |

Messages are processed for a while before their effects come.

Pitfall: once a step was made, a refusal of the next one is no refusal of the whole.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.stores.broker.client import LogClient
from splitbrain.targets.stores.broker.group import CONSUMED, EFFECTS, OFFSET
from splitbrain.targets.stores.client import StoreError
from splitbrain.targets.stores.messages import IN_DOUBT, PRECONDITION
from splitbrain.targets.values import frozen

MOST, LEAST, EXACTLY = "at-most-once", "at-least-once", "exactly-once"
DELIVERIES = (MOST, LEAST, EXACTLY)

Messages = list[list[Any]]
"""Messages, each with its offset."""
Step = list[Any]
"""The value of a request `consumed`."""


class LogConsumer(LogClient):
    """A producer, and a member of the group that consumes every log. delivery: one of `DELIVERIES`. process_seconds:
    how long it processes what it found."""

    def __init__(self, *words: Any, delivery: str, process_seconds: float, **options: Any) -> None:
        super().__init__(*words, **options)
        self._delivery = delivery
        self._process_seconds = process_seconds

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation of the workloads `log` and `consume`. StoreError, or what the channel raises."""
        if operation.f == "consume":
            return Outcome.ok(frozen(await self._consume(operation.key)))
        if operation.f == "effects":
            return Outcome.ok(frozen(await self._effects(operation.key)))
        return await super().invoke(operation)

    async def _consume(self, key: Any) -> Messages:
        """The messages that this consumer had the effects of: none if another one has the partition, or took them."""
        offset = await self._ask(OFFSET, key)
        found = [] if offset is None else await self._poll(key, offset + 1)
        if not found:
            return []
        for number, step in enumerate(self._steps(offset, found)):
            if step[2]:
                await asyncio.sleep(self._process_seconds)
            try:
                await self._carry_out(CONSUMED, key, step)
            except StoreError as error:
                if error.code == PRECONDITION:
                    return found if number and self._delivery == LEAST else []
                if number:
                    raise StoreError(IN_DOUBT, f"a step was made, and then: {error}") from error
                raise
        return found

    def _steps(self, offset: int, found: Messages) -> Sequence[Step]:
        """The steps that a consumer makes with messages that it found behind an offset."""
        commit, effects = [offset, found[-1][0]], [None, None, found]
        if self._delivery == MOST:
            return [*commit, []], effects
        if self._delivery == LEAST:
            return effects, [*commit, []]
        return ([*commit, found],)

    async def _effects(self, key: Any) -> Messages:
        """All effects, in the order in which they came."""
        found: Messages = []
        while more := await self._ask(EFFECTS, key, len(found)):
            found += more
        return found
