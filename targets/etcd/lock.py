"""How is etcd's lock taken, held and given back? By the server's lock service, on a lease of one's own.

`acquire` grants a lease, keeps it alive if asked to, and waits for the lock; the token is the create_revision of the
lock's key, which grows with every holder. The trap is the end of a hold: the lease may run out while the holder goes on
believing. So the client remembers when it learned of a loss, and `use` (an act on the guarded resource) and `release`
say so. A client that is replaced, after an operation whose end nobody knows, holds nothing: its lease runs out.
"""

import asyncio
import json
from dataclasses import dataclass

from splitbrain.harness.operation import Error, ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.etcd.errors import ERRORS, EtcdError
from splitbrain.targets.etcd.gateway import Gateway, Json, decoded, encoded, revision_of
from splitbrain.targets.etcd.store import Store

USE_TRIES = 8
"""How often one fenced `use` tries its transaction, each time after a definite conflict."""


@dataclass(frozen=True)
class LockRules:
    """ttl_seconds: of the lease; etcd raises it to one and a half election timeouts. keep_alive: whether the lease is
    renewed while the lock is held. timed: whether a holder that could not renew for a whole TTL knows that it lost;
    else it learns it from etcd alone. fencing: whether the guarded resource refuses a token below one it has seen.
    wait_seconds: how long an `acquire` waits for the lock."""

    ttl_seconds: int
    keep_alive: bool
    timed: bool
    fencing: bool
    wait_seconds: float


@dataclass
class Held:
    """A lock that this client believes to hold. Times in seconds of the event loop's clock."""

    name: object
    key: str
    token: int | None
    since: float
    lost: float | None = None
    """When the loss was learned."""


class Lock:
    """At most one lock at a time, through one member."""

    def __init__(self, gateway: Gateway, store: Store, rules: LockRules) -> None:
        self._gateway = gateway
        self._store = store
        self._rules = rules
        self._held: Held | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._lost_early: float | None = None

    async def acquire(self, operation: Operation) -> Outcome:
        """Take the lock; the outcome's token is its create_revision, None if the key was gone when asked."""
        if self._held is not None:
            return Outcome.fail(ErrorKind.PRECONDITION, "this client holds a lock already", operation.value)
        try:
            answer = await self._gateway.call("/v3/lease/grant", {"TTL": str(self._rules.ttl_seconds)})
        except Exception as error:  # noqa: BLE001 - without a lease the lock was never asked for
            return Outcome.fail(ERRORS.classify(error)[0], f"no lease: {error!r}", operation.value)
        lease = answer["ID"]
        self._keep(lease)
        try:
            async with asyncio.timeout(self._rules.wait_seconds) as waiting:
                body = {"name": encoded(self._store.name(operation.key)), "lease": lease}
                key: str = (await self._gateway.call("/v3/lock/lock", body))["key"]
        except Exception as error:  # noqa: BLE001 - told in the outcome
            self._stop_keeping()
            if waiting.expired():
                return await self._give_up(lease, operation)
            return _in_doubt(operation, error)
        since = asyncio.get_running_loop().time()
        self._held = held = Held(operation.key, key, None, since, self._lost_early)
        held.token = await self._token(key)
        return Outcome(EventType.OK, operation.value, token=held.token)

    async def use(self, operation: Operation) -> Outcome:
        """Leave one's token on the guarded resource, if one believes to hold the lock."""
        held = self._held
        if held is None or held.lost is not None or held.name != operation.key or held.token is None:
            return Outcome.fail(ErrorKind.PRECONDITION, "this client does not hold the lock", operation.value)
        key = encoded(self._store.name(f"{operation.key}-resource"))
        put = {"key": key, "value": encoded(json.dumps(held.token))}
        if not self._rules.fencing:
            answer = await self._gateway.call("/v3/kv/put", put)
            return Outcome(EventType.OK, operation.value, revision=revision_of(answer), token=held.token)
        for _ in range(USE_TRIES):
            found = (await self._gateway.call("/v3/kv/range", {"key": key})).get("kvs", ())
            seen = json.loads(decoded(found[0]["value"])) if found else 0
            if seen > held.token:
                text = f"fenced off: the resource has seen token {seen}"
                error = Error(ErrorKind.PRECONDITION, text)
                return Outcome(EventType.FAIL, operation.value, error, token=held.token)
            compare: Json = {"key": key, "result": "EQUAL", "target": "MOD"}
            compare["mod_revision"] = found[0]["mod_revision"] if found else "0"
            answer = await self._gateway.call("/v3/kv/txn", {"compare": [compare], "success": [{"request_put": put}]})
            if answer.get("succeeded"):
                return Outcome(EventType.OK, operation.value, revision=revision_of(answer), token=held.token)
        return Outcome.fail(ErrorKind.CONFLICT, "the resource changed again and again", operation.value)

    async def release(self, operation: Operation) -> Outcome:
        """Give the lock back. A loss learned before is a false precondition, with the milliseconds it was held."""
        held, self._held = self._held, None
        self._stop_keeping()
        if held is None or held.name != operation.key:
            return Outcome.fail(ErrorKind.PRECONDITION, "this client does not hold the lock", operation.value)
        if held.lost is not None:
            milliseconds = max(0.0, (held.lost - held.since) * 1000)
            lost = Error(ErrorKind.PRECONDITION, f"lost {milliseconds:.0f} ms after it was acquired")
            return Outcome(EventType.FAIL, {"held_ms": milliseconds}, lost, token=held.token)
        await self._gateway.call("/v3/lock/unlock", {"key": held.key})
        return Outcome(EventType.OK, operation.value, token=held.token)

    async def close(self) -> None:
        """Forget the lock; its lease runs out."""
        self._held = None
        self._stop_keeping()

    async def _token(self, key: str) -> int | None:
        try:
            found = (await self._gateway.call("/v3/kv/range", {"key": key})).get("kvs", ())
        except (EtcdError, OSError):  # held all the same; only its token is not known
            return None
        return int(found[0]["create_revision"]) if found else None

    async def _give_up(self, lease: str, operation: Operation) -> Outcome:
        """Nobody waits any more: without its lease the lock's key cannot be there."""
        try:
            await self._gateway.call("/v3/lease/revoke", {"ID": lease})
        except EtcdError as error:
            if error.code != "lease-not-found":
                return _in_doubt(operation, error)
        text = f"not acquired within {self._rules.wait_seconds:g} s"
        return Outcome.fail(ErrorKind.CONFLICT, text, operation.value)

    def _keep(self, lease: str) -> None:
        self._lost_early = None
        if self._rules.keep_alive:
            self._keeping = asyncio.ensure_future(self._keep_alive(lease))

    def _stop_keeping(self) -> None:
        task, self._keeping = self._keeping, None
        if task is not None:
            task.cancel()

    async def _keep_alive(self, lease: str) -> None:
        """Renew the lease until it is lost; on a gateway of its own, which no other request holds up."""
        gateway, clock = self._gateway.another(), asyncio.get_running_loop().time
        renewed = clock()
        try:
            while True:
                await asyncio.sleep(self._rules.ttl_seconds / 3)
                asked = clock()
                left = self._rules.ttl_seconds - (asked - renewed) if self._rules.timed else None
                try:
                    async with asyncio.timeout(left):
                        if not await _renewed(gateway, lease):
                            return self._lose(clock())
                    renewed = asked
                except (EtcdError, OSError):  # not renewed this time; TimeoutError is an OSError
                    if self._rules.timed and clock() - renewed >= self._rules.ttl_seconds:
                        return self._lose(clock())
        finally:
            await gateway.close()

    def _lose(self, when: float) -> None:
        if self._held is None:
            self._lost_early = when
        else:
            self._held.lost = when


async def _renewed(gateway: Gateway, lease: str) -> bool:
    async for answer in gateway.stream("/v3/lease/keepalive", {"ID": lease}):
        return int(answer.get("TTL", 0)) > 0
    raise ConnectionResetError("no answer to a keep-alive")


def _in_doubt(operation: Operation, error: Exception) -> Outcome:
    """What came of waiting for the lock: the service may have queued us before it failed, so little is definite."""
    kind = ERRORS.classify(error)[0]
    if isinstance(error, ConnectionRefusedError):
        return Outcome.fail(kind, str(error), operation.value)
    return Outcome.info(kind, str(error) or type(error).__name__, operation.value)
