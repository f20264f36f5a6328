"""Client of the lock service: acquires, renews while it holds on, and gives up before its lease runs out.

A lease counts from the moment at which the client asked for it, so it ends for the client before it ends for the
service. A *careful* client looks at the clock before it does anything under the lock, and gives up a tenth of the lease
early. A *paused* one does not: it holds on without renewing, as a process does that was stopped and does not know it.

Pitfall: a client that learns too late that its lease is over must not say when it ended, but that it was over before:
`conflict` means that it was held until now, `precondition` that it had been lost.
"""

import asyncio
from dataclasses import dataclass

from splitbrain.harness.node import ChannelClosed, Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome, Value
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError
from splitbrain.targets.stores.messages import PRECONDITION

WAIT_SECONDS = 1.0
"""The time that an acquire waits for a lock that is held."""
RETRY_SECONDS = 0.1
TURN_SECONDS = 0.2
"""A client that gave a lock back lets others try for so long before it asks again."""
MARGIN = 10
"""Part of its lease, one in so many, that a careful client gives up before the end."""
PAUSE_SECONDS = 0.02
"""Between two tries to renew."""
SHORTEST_SECONDS = 0.001
RENEWALS = 3
"""Times that a careful client renews within the length of a lease."""


@dataclass
class ClientLease:
    """A lock that a client believes to hold. ends: when its lease does, by the loop's clock."""

    key: Value
    token: int
    ends: float


class LockClient(StoreClient):
    """One client, with one lock at a time. lease: seconds. careful: whether it watches the clock."""

    def __init__(self, node: Node, sessions: Sessions, *, retries: bool, lease: float, careful: bool) -> None:
        super().__init__(node, sessions, retries=retries, compares=False)
        self._lease = lease
        self._careful = careful
        self._held: ClientLease | None = None
        self._had: Value = None
        """The lock that this client gave back last."""

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation of the workload `lock`. StoreError, or what the channel raises."""
        if operation.f == "acquire":
            return await self._acquire(operation)
        held = self._held
        if held is None or held.key != operation.key or self._over(held):
            self._held = None
            return _not_held(operation, "this client does not hold the lock")
        if operation.f == "hold":
            return await self._hold(operation, held)
        return await (self._use(operation, held) if operation.f == "use" else self._release(operation, held))

    async def _acquire(self, operation: Operation) -> Outcome:
        if self._held is not None and not self._over(self._held):
            return _not_held(operation, "this client holds a lock already")
        self._held = None
        if self._had == operation.key:
            await asyncio.sleep(TURN_SECONDS)
        until = _now() + WAIT_SECONDS
        while True:
            asked = _now()
            try:
                response = await self._carry_out("acquire", operation.key, None)
            except StoreError as error:
                if error.code != PRECONDITION:
                    raise
                if _now() >= until:
                    return _not_held(operation, str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            held = ClientLease(operation.key, response.value, asked + self._lease)
            if self._over(held):
                return _not_held(operation, "acquired, and the lease is over")
            self._held = held
            return Outcome.ok(operation.value, token=held.token)

    async def _hold(self, operation: Operation, held: ClientLease) -> Outcome:
        until = _now() + float(operation.value)
        if not self._careful:
            await asyncio.sleep(until - _now())
            return Outcome.ok(operation.value, token=held.token)
        while (now := _now()) < until and not self._over(held):
            if now >= self._due(held) and not await self._renewed(held):
                self._held = None
                return self._given_up(operation, held)
            wake = min(until, held.ends - self._margin, max(self._due(held), now + PAUSE_SECONDS))
            await asyncio.sleep(max(SHORTEST_SECONDS, wake - _now()))
        if self._over(held):
            self._held = None
            return self._given_up(operation, held)
        return Outcome.ok(operation.value, token=held.token)

    def _due(self, held: ClientLease) -> float:
        """The time at which to renew a lease."""
        return held.ends - self._lease * (1 - 1 / RENEWALS)

    def _given_up(self, operation: Operation, held: ClientLease) -> Outcome:
        """The end of a hold under which the lock was lost, or is given up."""
        if _now() < held.ends:
            return Outcome.fail(ErrorKind.CONFLICT, "the lease could not be renewed", operation.value, held.token)
        return _not_held(operation, "the lease was over before this was noticed")

    async def _renewed(self, held: ClientLease) -> bool:
        """Try to renew a lease; False if it is lost for good. Of a try that fails for now nothing is said."""
        asked = _now()
        try:
            async with asyncio.timeout(held.ends - self._margin - asked):
                await self._carry_out("refresh", held.key, held.token)
        except StoreError as error:
            return error.code != PRECONDITION
        except (ChannelClosed, ConnectionRefusedError, TimeoutError):
            return True
        held.ends = asked + self._lease
        return True

    async def _use(self, operation: Operation, held: ClientLease) -> Outcome:
        short = self._careful and held.ends - _now() < self._lease / 2
        if short and (not await self._renewed(held) or self._over(held)):
            self._held = None
            return _not_held(operation, "the lease could not be renewed")
        try:
            response = await self._carry_out("use", held.key, held.token)
        except StoreError as error:
            if error.code != PRECONDITION:
                raise
            self._held = None
            return _not_held(operation, str(error))
        return Outcome.ok(operation.value, response.revision, held.token)

    async def _release(self, operation: Operation, held: ClientLease) -> Outcome:
        self._held, self._had = None, held.key
        try:
            await self._carry_out("release", held.key, held.token)
        except StoreError as error:
            if error.code != PRECONDITION:
                raise
            return _not_held(operation, str(error))
        return Outcome.ok(operation.value, token=held.token)

    @property
    def _margin(self) -> float:
        return self._lease / MARGIN

    def _over(self, held: ClientLease) -> bool:
        """Whether the client takes its lease for over."""
        return self._careful and _now() >= held.ends - self._margin


def _now() -> float:
    return asyncio.get_running_loop().time()


def _not_held(operation: Operation, text: str) -> Outcome:
    return Outcome.fail(ErrorKind.PRECONDITION, text, operation.value)
