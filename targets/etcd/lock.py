"""etcd's lock service: a lock on a lease, its holders, and the resource that it guards.

`acquire` grants a lease, keeps it alive if asked to, and waits for the lock; the token is the create_revision of the
lock's key, which grows with every holder. Pitfall: the lease may run out while the holder goes on believing. So a
`hold` ends when the loss is learned, and a `use` (of the guarded resource) or `release` after that says so; an
`acquire` during which it is learned has failed. A client that is replaced, after an operation of unknown end, holds
nothing: its lease runs out.
"""

import asyncio
import math
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Setting
from splitbrain.targets.etcd.errors import ERRORS, NO_LEASE, EtcdError
from splitbrain.targets.etcd.gateway import Gateway, encoded, revision_of
from splitbrain.targets.etcd.store import Store, parsed, transaction
from splitbrain.targets.servers.client import reading
from splitbrain.targets.servers.http import Json
from splitbrain.targets.values import packed

GONE = 0
"""The token of a lock whose key is not there any more: as etcd says it, no revision created it."""
USE_TRIES = 8
"""Tries of the transaction of one fenced `use`, each after a definite conflict."""


@dataclass
class HeldLock:
    """A lock that this client believes to hold. since: when its lease was asked for, by the loop's clock. lost: set
    when the client learns that it does not hold it."""

    name: object
    lease: str
    since: float
    key: str = ""
    token: int | None = None
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class Lock:
    """The lock of one client, at most one at a time, through one member.

    settings: `lock_ttl_seconds` of the lease; etcd raises it to one and a half election timeouts. `keep_alive`: whether
    the lease is renewed while the lock is held. `lease_loss` timed: a holder that could not renew for a whole TTL knows
    that it lost; else it learns it from etcd alone. `fencing`: whether the guarded resource refuses a token below one
    it has seen. `lock_wait_seconds`: how long an `acquire` waits for the lock.
    """

    def __init__(self, gateway: Gateway, store: Store, settings: Mapping[str, Setting]) -> None:
        self._gateway, self._store, self._settings = gateway, store, settings
        self._ttl, self._wait = int(settings["lock_ttl_seconds"] or 0), float(settings["lock_wait_seconds"] or 0)
        self._timed = settings["lease_loss"] == "timed"
        self._held: HeldLock | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def acquire(self, operation: Operation) -> Outcome:
        """Take the lock; the outcome's token is its create_revision, None if it could not be asked for."""
        if self._held is not None:
            return Outcome.fail(ErrorKind.PRECONDITION, "this client holds a lock already", operation.value)
        since = _now()
        granting = self._gateway.call("/v3/lease/grant", {"TTL": str(self._ttl)})
        answer = await reading(granting, operation, ERRORS)  # without a lease the lock was never asked for
        if isinstance(answer, Outcome):
            return answer
        held = HeldLock(operation.key, answer["ID"], since)
        self._keeping = asyncio.ensure_future(self._keep(held))
        try:
            async with asyncio.timeout(self._wait) as waiting:
                body = {"name": encoded(self._store.name(held.name)), "lease": held.lease}
                held.key = (await self._gateway.call("/v3/lock/lock", body))["key"]
        except Exception as error:  # noqa: BLE001 - told in the outcome
            await self.close()
            if waiting.expired():
                return await self._give_up(held.lease, operation)
            return _in_doubt(operation, error)
        self._held = held
        held.token = await self._token(held.key)
        if held.token == GONE or held.lost.is_set():
            await self.close()
            return Outcome.fail(ErrorKind.CONFLICT, "acquired, and the lease was lost meanwhile", operation.value)
        return Outcome.ok(operation.value, token=held.token)

    async def hold(self, operation: Operation) -> Outcome:
        """Do nothing for so many seconds under the lock; ends as a conflict when its loss is learned."""
        held = self._believed(operation)
        if held is None:
            return _not_held(operation)
        try:
            async with asyncio.timeout(float(operation.value)):
                await held.lost.wait()
        except TimeoutError:
            return Outcome.ok(operation.value, token=held.token)
        return Outcome.fail(ErrorKind.CONFLICT, "the lease was lost", operation.value, held.token)

    async def use(self, operation: Operation) -> Outcome:
        """Leave one's token on the guarded resource, if one believes to hold the lock."""
        held = self._believed(operation)
        if held is None or held.token is None:
            return _not_held(operation)
        key = encoded(self._store.name(f"{operation.key}-resource"))
        put = {"key": key, "value": encoded(packed(held.token))}
        if not self._settings["fencing"]:
            answer = await self._gateway.call("/v3/kv/put", put)
            return Outcome.ok(operation.value, revision_of(answer), held.token)
        for _ in range(USE_TRIES):
            found = (await self._gateway.call("/v3/kv/range", {"key": key})).get("kvs", ())
            seen = parsed(found[0]) if found else 0
            if seen > held.token:
                text = f"fenced off: the resource has seen token {seen}"
                return Outcome.fail(ErrorKind.PRECONDITION, text, operation.value, held.token)
            unchanged: Json = {"key": key, "target": "MOD", "mod_revision": found[0]["mod_revision"] if found else "0"}
            answer = await self._gateway.call("/v3/kv/txn", transaction(unchanged, {"request_put": put}))
            if answer.get("succeeded"):
                return Outcome.ok(operation.value, revision_of(answer), held.token)
        return Outcome.fail(ErrorKind.CONFLICT, "the resource changed again and again", operation.value)

    async def release(self, operation: Operation) -> Outcome:
        """Give the lock back, if one believes to hold it."""
        held = self._believed(operation)
        await self.close()
        if held is None:
            return _not_held(operation)
        await self._gateway.call("/v3/lock/unlock", {"key": held.key})
        return Outcome.ok(operation.value, token=held.token)

    async def close(self) -> None:
        """Forget the lock; its lease runs out."""
        task, self._held, self._keeping = self._keeping, None, None
        if task is not None:
            task.cancel()

    def _believed(self, operation: Operation) -> HeldLock | None:
        held = self._held
        return None if held is None or held.lost.is_set() or held.name != operation.key else held

    async def _token(self, key: str) -> int | None:
        """The create_revision of a key, None if nobody told."""
        try:
            found = (await self._gateway.call("/v3/kv/range", {"key": key})).get("kvs", ())
        except (EtcdError, OSError):  # held all the same; only its token is not known
            return None
        return int(found[0]["create_revision"]) if found else GONE

    async def _give_up(self, lease: str, operation: Operation) -> Outcome:
        """End an acquire that ran out of time: without its lease the lock's key cannot be there."""
        try:
            await self._gateway.call("/v3/lease/revoke", {"ID": lease})
        except EtcdError as error:
            if NO_LEASE not in str(error):
                return _in_doubt(operation, error)
        return Outcome.fail(ErrorKind.CONFLICT, f"not acquired within {self._wait:g} s", operation.value)

    async def _keep(self, held: HeldLock) -> None:
        """Wait until the loss of the lease is learned, or nobody holds on to it any more."""
        if self._settings["keep_alive"]:
            await self._renew(held)
        elif self._timed:
            await asyncio.sleep(held.since + self._ttl - _now())
        else:
            return
        held.lost.set()

    async def _renew(self, held: HeldLock) -> None:
        """Renew a lease until it is lost; on a connection of its own, which no other request holds up."""
        ttl = self._ttl
        ends = held.since + ttl if self._timed else math.inf
        async with aclosing(self._gateway.another()) as gateway:
            while _now() < ends:
                await asyncio.sleep(min(ttl / 3, ends - _now()))
                asked = _now()
                try:
                    async with asyncio.timeout(ends - asked if self._timed else None):
                        if not await _renewed(gateway, held.lease):
                            return
                    ends = asked + ttl if self._timed else math.inf
                except (EtcdError, OSError):  # not renewed this time; a TimeoutError is an OSError
                    continue


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _renewed(gateway: Gateway, lease: str) -> bool:
    async with aclosing(gateway.stream("/v3/lease/keepalive", {"ID": lease})) as answers:
        async for answer in answers:
            return int(answer.get("TTL", 0)) > 0
    raise ConnectionResetError("no answer to a keep-alive")


def _not_held(operation: Operation) -> Outcome:
    return Outcome.fail(ErrorKind.PRECONDITION, "this client does not hold the lock", operation.value)


def _in_doubt(operation: Operation, error: Exception) -> Outcome:
    """The outcome of a failed wait for the lock: we may have been queued before it failed, so little is definite."""
    kind = ERRORS.classify(error)[0]
    if isinstance(error, ConnectionRefusedError):
        return Outcome.fail(kind, str(error), operation.value)
    return Outcome.info(kind, str(error) or type(error).__name__, operation.value)
