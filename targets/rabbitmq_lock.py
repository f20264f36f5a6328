"""A queue of RabbitMQ as a lock: it holds one message, and who took that without acknowledging it holds the lock.

Operations, each on a lock K: acquire, hold, use, release, which puts the message back. There is no guarded resource and
no token: a `use` looks whether the connection is there. A holder whose connection is gone has lost the lock, for the
broker puts back what was out with it (rabbitmq.com/docs/confirms, "Automatic Requeueing").

Pitfall: a second message is a second holder. One whose confirm did not come may be in its queue, so that queue is used
by nobody, and another is made.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.rabbitmq_errors import ERRORS
from splitbrain.targets.servers.client import reading

WAIT_SECONDS, POLL_SECONDS, GET_SECONDS, MAKE_SECONDS = 1.0, 0.1, 2.0, 5.0
"""An acquire waits for the lock so long, and asks so often; so long a client waits for an answer, and for a queue to be
made."""
TURN_SECONDS = 0.3
"""A client that gave a lock back lets others try for so long before it asks again."""


class LockQueues:
    """The queues of a run's locks, each made when it is first asked for, with one message. names: by lock."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self._making = asyncio.Lock()

    async def named(self, key: Any, channel: Any, arguments: Mapping[str, str]) -> str:
        """The queue of a lock, which has its message. arguments: with which a queue is declared."""
        from aiormq import spec

        async with asyncio.timeout(MAKE_SECONDS), self._making:
            if key not in self.names:
                name = f"splitbrain-{key}-{secrets.token_hex(4)}"
                await channel.queue_declare(name, durable=True, arguments=arguments)
                lasting = spec.Basic.Properties(delivery_mode=2)
                await channel.basic_publish(b"lock", routing_key=name, properties=lasting, mandatory=True)
                self.names[key] = name
        return self.names[key]


@dataclass(frozen=True)
class HeldMessage:
    """The message of a lock that a client believes to hold. channel, tag: of its delivery."""

    key: Any
    channel: Any
    tag: int


class QueueLock:
    """The lock of one client, at most one at a time. client: a RabbitClient, whose connection it is."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._held: HeldMessage | None = None
        self._had: Any = None

    async def acquire(self, operation: Operation) -> Outcome:
        """Take the message, if it is there within `WAIT_SECONDS`; what did not come in time goes back with the
        connection."""
        if self._held is not None and self._sure(self._held):
            return Outcome.fail(ErrorKind.PRECONDITION, "this client holds a lock already", operation.value)
        self._held = None
        if self._had == operation.key:
            await asyncio.sleep(TURN_SECONDS)
        found = await reading(self._taken(operation.key), operation, ERRORS)
        if isinstance(found, Outcome):
            return found
        if found is None:
            return Outcome.fail(ErrorKind.CONFLICT, f"not acquired within {WAIT_SECONDS:g} s", operation.value)
        self._held = found
        return Outcome.ok(operation.value)

    async def hold(self, operation: Operation) -> Outcome:
        """Do nothing for so many seconds under the lock; ends as a conflict when the connection does."""
        held = self._believed(operation)
        if held is None:
            return _not_held(operation)
        await asyncio.wait({held.channel.closing}, timeout=float(operation.value))
        if self._sure(held):
            return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.CONFLICT, "the connection was lost", operation.value)

    async def use(self, operation: Operation) -> Outcome:
        """Whether this client believes to hold the lock."""
        return _not_held(operation) if self._believed(operation) is None else Outcome.ok(operation.value)

    async def release(self, operation: Operation) -> Outcome:
        """Put the message back. There is no answer to that, but to what is asked on the channel after it."""
        held, self._held, self._had = self._believed(operation), None, operation.key
        if held is None:
            return _not_held(operation)
        await held.channel.basic_nack(held.tag, requeue=True, wait=False)
        await held.channel.basic_qos(prefetch_count=1)
        return Outcome.ok(operation.value)

    def _believed(self, operation: Operation) -> HeldMessage | None:
        held = self._held
        return held if held is not None and held.key == operation.key and self._sure(held) else None

    def _sure(self, held: HeldMessage) -> bool:
        """Whether nothing is known of a loss: the message came over the connection that is there."""
        here = self._client.connection is not None and self._client.channel is held.channel
        return here and not held.channel.is_closed

    async def _taken(self, key: Any) -> HeldMessage | None:
        """The message of a lock; None if it was not there in time. A failure gives it back with the connection."""
        client, loop = self._client, asyncio.get_running_loop()
        try:
            if client.connection is not None and client.channel.is_closed:
                await client.close()
            if client.connection is None:
                await client.open()
            name = await client.server.locks.named(key, client.channel, client.arguments)
            ends = loop.time() + WAIT_SECONDS
            while True:
                async with asyncio.timeout(GET_SECONDS):
                    message = await client.channel.basic_get(name)
                if message.delivery_tag is not None:
                    return HeldMessage(key, client.channel, message.delivery_tag)
                if loop.time() >= ends:
                    return None
                await asyncio.sleep(POLL_SECONDS)
        except BaseException:
            await client.close()
            raise


def _not_held(operation: Operation) -> Outcome:
    return Outcome.fail(ErrorKind.PRECONDITION, "this client does not hold the lock", operation.value)
