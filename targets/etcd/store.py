"""Where do the values of the workloads stand in etcd, and how are they read and written? Registers, sets and lists.

Everything of a run stands under one root. An object K is the prefix `ROOT K/`: a register or a list is the JSON text at
exactly that key, a set has one etcd key per element below it. So one `read` serves all three, a single range request
over the prefix, and the object is what it was written as. The trap: an object that was never written is none of them
yet, and reads as None; only the object without a name is always a set.
"""

import json
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.etcd.errors import ERRORS
from splitbrain.targets.etcd.gateway import Gateway, Json, decoded, encoded, prefix_end, revision_of

APPEND_TRIES = 8
"""How often one `append` tries its transaction, each time after a definite conflict."""


class Store:
    """Registers, sets and lists through one member.

    root: the prefix of all keys. serializable: whether reads may be answered by the member alone, from what it has.
    with_leader: whether other requests are refused at once by a member that knows of no leader.
    """

    def __init__(self, gateway: Gateway, root: str, *, serializable: bool, with_leader: bool) -> None:
        self._gateway = gateway
        self._root = root
        self._serializable = serializable
        self._with_leader = with_leader

    async def read(self, operation: Operation) -> Outcome:
        """A register's value, a set's elements in order, a list; and the highest mod_revision of what was seen."""
        prefix = self.name(operation.key)
        found = await self._range(prefix, prefix_end(prefix))
        revision = max((int(pair["mod_revision"]) for pair in found), default=0)
        elements = [key.removeprefix(prefix) for key in (decoded(pair["key"]) for pair in found)]
        if elements == [""]:
            return Outcome.ok(parsed(found[0]), revision)
        if not elements and operation.key is not None:
            return Outcome.ok(None, revision)
        return Outcome.ok(tuple(sorted(map(frozen_json, elements), key=_order)), revision)

    async def write(self, operation: Operation) -> Outcome:
        """Put a value."""
        body = {"key": encoded(self.name(operation.key)), "value": encoded(json.dumps(operation.value))}
        answer = await self._call("/v3/kv/put", body)
        return Outcome.ok(operation.value, revision_of(answer))

    async def cas(self, operation: Operation) -> Outcome:
        """Put the new value if the old one stands there; None as the old one: if nothing does."""
        old, new = operation.value
        key = encoded(self.name(operation.key))
        compare: Json = {"key": key, "result": "EQUAL"}
        compare |= {"target": "CREATE", "create_revision": "0"} if old is None else _holds(old)
        answer = await self._txn(compare, {"key": key, "value": encoded(json.dumps(new))})
        if not answer.get("succeeded"):
            return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", operation.value)
        return Outcome.ok(operation.value, revision_of(answer))

    async def add(self, operation: Operation) -> Outcome:
        """Add an element to a set: a key of its own."""
        key = self.name(operation.key) + json.dumps(operation.value)
        answer = await self._call("/v3/kv/put", {"key": encoded(key), "value": ""})
        return Outcome.ok(operation.value, revision_of(answer))

    async def append(self, operation: Operation) -> Outcome:
        """Append to a list: read it, and put the longer one if it has not changed since; again after a conflict."""
        key = self.name(operation.key)
        for _ in range(APPEND_TRIES):
            try:
                found = await self._range(key)
            except Exception as error:  # noqa: BLE001 - only read so far: whatever it is, nothing was appended
                return Outcome.fail(ERRORS.classify(error)[0], f"while reading: {error!r}", operation.value)
            longer = [*(json.loads(decoded(found[0]["value"])) if found else ()), operation.value]
            compare = {
                "key": encoded(key),
                "result": "EQUAL",
                "target": "MOD",
                "mod_revision": found[0]["mod_revision"] if found else "0",
            }
            answer = await self._txn(compare, {"key": encoded(key), "value": encoded(json.dumps(longer))})
            if answer.get("succeeded"):
                return Outcome.ok(operation.value, revision_of(answer))
        return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)

    async def clear(self) -> None:
        """Delete everything of the run."""
        await self._call("/v3/kv/deleterange", _span(self._root))

    def name(self, key: Any) -> str:
        """The etcd key of an object."""
        return f"{self._root}{'' if key is None else key}/"

    def key_of(self, name: str) -> str:
        """The object of an etcd key, elements of sets with their path: the inverse of `name`."""
        return name.removeprefix(self._root).removesuffix("/")

    async def _range(self, key: str, end: str = "") -> list[Json]:
        body: Json = {"key": encoded(key)}
        if end:
            body["range_end"] = encoded(end)
        if self._serializable:
            body["serializable"] = True
        # A serializable read is answered by a member that is cut off, too: that is its point.
        leader = self._with_leader and not self._serializable
        answer = await self._gateway.call("/v3/kv/range", body, with_leader=leader)
        return list(answer.get("kvs", ()))

    async def _txn(self, compare: Json, put: Json) -> Json:
        return await self._call("/v3/kv/txn", {"compare": [compare], "success": [{"request_put": put}]})

    async def _call(self, path: str, body: Json) -> Json:
        return await self._gateway.call(path, body, with_leader=self._with_leader)


def parsed(pair: Json) -> Any:
    """The JSON value of a key, with tuples for lists."""
    return frozen_json(decoded(pair.get("value", "")))


def frozen_json(text: str) -> Any:
    """JSON text as a value, with tuples for lists."""
    return _frozen(json.loads(text))


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _holds(value: Any) -> Json:
    return {"target": "VALUE", "value": encoded(json.dumps(value))}


def _span(prefix: str) -> Json:
    return {"key": encoded(prefix), "range_end": encoded(prefix_end(prefix))}


def _order(value: Any) -> tuple[bool, Any]:
    """Numbers in order, then everything else as text."""
    return (False, value) if isinstance(value, int | float) else (True, str(value))
