"""Registers, sets and lists in etcd.

Everything of a run stands under one root. An object K is the prefix `ROOT K/`: a register or a list is JSON text at
exactly that key, a set has one etcd key per element below it. So one `read`, a range request over the prefix, serves
all three. An object that was never written reads as None; the object without a name is always a set.
"""

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Setting
from splitbrain.targets.etcd.errors import ERRORS
from splitbrain.targets.etcd.gateway import Gateway, decoded, encoded, revision_of, span
from splitbrain.targets.servers.client import VersionedObjects
from splitbrain.targets.servers.http import Json
from splitbrain.targets.values import in_order, packed, unpacked


class Store(VersionedObjects):
    """Registers, sets and lists through one member.

    root: the prefix of all keys. settings: `reads`: whether they may be answered by the member alone, from what it has;
    `require_leader`: whether other requests are refused at once by a member that knows of no leader.
    """

    errors = ERRORS

    def __init__(self, gateway: Gateway, root: str, settings: Mapping[str, Setting]) -> None:
        self._gateway, self._root = gateway, root
        self._serializable, self._with_leader = settings["reads"] == "serializable", bool(settings["require_leader"])

    async def read(self, operation: Operation) -> Outcome:
        """A register's value, a set's elements in order, a list; and the highest mod_revision of what was seen."""
        prefix = self.name(operation.key)
        found = await self._range(span(prefix))
        revision = max((int(pair["mod_revision"]) for pair in found), default=0)
        elements = [key.removeprefix(prefix) for key in (decoded(pair["key"]) for pair in found)]
        if elements == [""]:
            return Outcome.ok(parsed(found[0]), revision)
        if not elements and operation.key is not None:
            return Outcome.ok(None, revision)
        return Outcome.ok(in_order(elements), revision)

    async def write(self, operation: Operation) -> Outcome:
        """Put a value."""
        return await self._put(operation, self.name(operation.key), packed(operation.value))

    async def cas(self, operation: Operation) -> Outcome:
        """Put the new value if the old one stands there; None as the old one: if nothing does."""
        old, new = operation.value
        holds: Json = {"target": "VALUE", "value": encoded(packed(old))}
        if old is None:
            holds = {"target": "CREATE", "create_revision": "0"}
        answer = await self._txn(operation.key, holds, packed(new))
        if not answer.get("succeeded"):
            return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", operation.value)
        return Outcome.ok(operation.value, revision_of(answer))

    async def add(self, operation: Operation) -> Outcome:
        """Add an element to a set: a key of its own."""
        return await self._put(operation, self.name(operation.key) + packed(operation.value), "")

    async def found(self, operation: Operation) -> tuple[str | None, str | None]:
        pairs = await self._range({"key": encoded(self.name(operation.key))})
        return (decoded(pairs[0]["value"]), pairs[0]["mod_revision"]) if pairs else (None, None)

    async def replaced(self, operation: Operation, version: str | None, text: str) -> Outcome | None:
        answer = await self._txn(operation.key, {"target": "MOD", "mod_revision": version or "0"}, text)
        return Outcome.ok(operation.value, revision_of(answer)) if answer.get("succeeded") else None

    async def clear(self) -> None:
        """Delete everything of the run."""
        await self._call("/v3/kv/deleterange", span(self._root))

    def name(self, key: Any) -> str:
        """The etcd key of an object."""
        return f"{self._root}{'' if key is None else key}/"

    def key_of(self, name: str) -> str:
        """The object of an etcd key, elements of sets with their path: the inverse of `name`."""
        return name.removeprefix(self._root).removesuffix("/")

    async def _put(self, operation: Operation, key: str, text: str) -> Outcome:
        answer = await self._call("/v3/kv/put", {"key": encoded(key), "value": encoded(text)})
        return Outcome.ok(operation.value, revision_of(answer))

    async def _range(self, body: Json) -> list[Json]:
        if self._serializable:
            body["serializable"] = True
        # A serializable read is answered by a member that is cut off, too: that is its point.
        leader = self._with_leader and not self._serializable
        answer = await self._gateway.call("/v3/kv/range", body, with_leader=leader)
        return list(answer.get("kvs", ()))

    async def _txn(self, key: Any, condition: Json, text: str) -> Json:
        """Put a text at an object's key if a condition of that key is true."""
        name = encoded(self.name(key))
        put = {"request_put": {"key": name, "value": encoded(text)}}
        return await self._call("/v3/kv/txn", transaction({"key": name, **condition}, put))

    async def _call(self, path: str, body: Json) -> Json:
        return await self._gateway.call(path, body, with_leader=self._with_leader)


def transaction(condition: Json, request: Json) -> Json:
    """A transaction that does a request if a condition is true."""
    return {"compare": [{"result": "EQUAL", **condition}], "success": [request]}


def parsed(pair: Json) -> Any:
    """The JSON value of a key, with tuples for lists."""
    return unpacked(decoded(pair.get("value", "")))
