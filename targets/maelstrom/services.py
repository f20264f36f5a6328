"""Services that nodes can ask by name, as Maelstrom offers them: three key-value stores and a timestamp oracle.

`lin-kv`   linearizable
`seq-kv`   sequentially consistent: a node may see a past state, and never one older than it saw before
`lww-kv`   replicas that are asked at random, keep the write with the latest time, and tell each other now and then
`lin-tso`  one number more to each who asks

Requests of the stores: `read` (key), `write` (key, value), `cas` (key, from, to, and perhaps create_if_not_exists).
"""

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.harness.deployment import Body, Service
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.maelstrom.errors import (
    KEY_DOES_NOT_EXIST,
    MALFORMED_REQUEST,
    NOT_SUPPORTED,
    PRECONDITION_FAILED,
)

MILLISECOND = 1_000_000
REPLICAS = 5
GOSSIP_NS = 50 * MILLISECOND
"""Time between two exchanges of replicas of `lww-kv`."""
SKEW_NS = 10 * MILLISECOND
"""The most by which the clocks of two of them differ."""
STATES_MAX = 1000
"""The number of states back to which a node of `seq-kv` may see."""
FIELDS: Mapping[str, tuple[str, ...]] = {"read": ("key",), "write": ("key", "value"), "cas": ("key", "from", "to")}
"""The fields of a request of a store, by its type."""


class NoSuchKey(Exception):
    """A key that is not there."""


class KeyValueService(ABC):
    """A store that answers requests; how values are found and kept says the subclass."""

    def __call__(self, sender: str, request: Body) -> Body:
        """The reply to a request of a node."""
        kind = str(request.get("type"))
        if kind not in FIELDS:
            return failure(NOT_SUPPORTED, f"this service knows {', '.join(FIELDS)}, not {kind}")
        missing = [name for name in FIELDS[kind] if name not in request]
        if missing:
            return failure(MALFORMED_REQUEST, f"a request of type {kind} has {', '.join(missing)}")
        return self.answer(sender, request)

    @abstractmethod
    def answer(self, sender: str, request: Body) -> Body:
        """The reply to a request of which all is there."""


def failure(code: int, text: str) -> Body:
    """A reply that is an error."""
    return {"type": "error", "code": code, "text": text}


def name_of(key: Any) -> str:
    """A key by its content: `1` and `"1"` are two."""
    return json.dumps(key, sort_keys=True)


def served(request: Body, get: Callable[[str], Any], put: Callable[[str, Any], None]) -> Body:
    """The reply of a store whose values are got (NoSuchKey if there is none) and put by key."""
    key, kind = name_of(request["key"]), request["type"]
    if kind == "write":
        put(key, request["value"])
        return {"type": "write_ok"}
    try:
        value = get(key)
    except NoSuchKey:
        if kind == "cas" and request.get("create_if_not_exists"):
            put(key, request["to"])
            return {"type": "cas_ok"}
        return failure(KEY_DOES_NOT_EXIST, f"there is no key {key}")
    if kind == "read":
        return {"type": "read_ok", "value": value}
    if name_of(value) != name_of(request["from"]):
        return failure(PRECONDITION_FAILED, f"key {key} has the value {value!r}, not {request['from']!r}")
    put(key, request["to"])
    return {"type": "cas_ok"}


class LinearizableService(KeyValueService):
    """`lin-kv`."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def answer(self, sender: str, request: Body) -> Body:
        return served(request, self._get, self._values.__setitem__)

    def _get(self, key: str) -> Any:
        if key not in self._values:
            raise NoSuchKey
        return self._values[key]


class SequentialService(KeyValueService):
    """`seq-kv`: what changes is done on the newest state; what does not is answered from a state drawn between the one
    that its node saw last and the newest.

    So all operations are in one order, that of the states, in which each node's come in its own order.
    """

    def __init__(self, stream: RandomStream) -> None:
        self._stream = stream
        self._versions: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        """By key: (the first state that has it, the value), ascending."""
        self._state = 0
        self._seen: dict[str, int] = {}

    def answer(self, sender: str, request: Body) -> Body:
        oldest = max(self._seen.get(sender, 0), self._state - STATES_MAX)
        at = oldest + self._stream.below(self._state - oldest + 1)
        changed = False

        def note(key: str, value: Any) -> None:
            nonlocal changed
            changed = True

        past = served(request, lambda key: self._get(key, at), note)
        if not changed:
            self._seen[sender] = at
            return past
        now = self._state
        reply = served(request, lambda key: self._get(key, now), self._put)
        self._seen[sender] = self._state
        return reply

    def _get(self, key: str, state: int) -> Any:
        for since, value in reversed(self._versions.get(key, ())):
            if since <= state:
                return value
        raise NoSuchKey

    def _put(self, key: str, value: Any) -> None:
        self._state += 1
        versions = self._versions[key]
        versions.append((self._state, value))
        while len(versions) > 1 and versions[1][0] <= self._state - STATES_MAX:
            del versions[0]


class LastWriteWinsService(KeyValueService):
    """`lww-kv`. now: nanoseconds of the run."""

    def __init__(self, stream: RandomStream, now: Callable[[], int]) -> None:
        self._stream, self._now = stream, now
        self._replicas: list[dict[str, tuple[int, int, Any]]] = [{} for _ in range(REPLICAS)]
        """By key: (time, number of the write, value)."""
        self._skews = [stream.below(SKEW_NS) for _ in range(REPLICAS)]
        self._writes = 0
        self._gossiped = 0

    def answer(self, sender: str, request: Body) -> Body:
        self._gossip()
        place = self._stream.below(REPLICAS)
        replica = self._replicas[place]

        def get(key: str) -> Any:
            if key not in replica:
                raise NoSuchKey
            return replica[key][2]

        def put(key: str, value: Any) -> None:
            self._writes += 1
            entry = (self._now() + self._skews[place], self._writes, value)
            replica[key] = max(entry, replica.get(key, entry), key=lambda found: found[:2])

        return served(request, get, put)

    def _gossip(self) -> None:
        """Let pairs of replicas exchange what they have, as often as time has passed for it."""
        rounds = min((self._now() - self._gossiped) // GOSSIP_NS, REPLICAS * REPLICAS)
        if rounds:
            self._gossiped = self._now()
        for _ in range(rounds):
            first, second = self._stream.below(REPLICAS), self._stream.below(REPLICAS)
            mine, other = self._replicas[first], self._replicas[second]
            for key in {*mine, *other}:
                entries = [replica[key] for replica in (mine, other) if key in replica]
                mine[key] = other[key] = max(entries, key=lambda found: found[:2])


class TimestampService:
    """`lin-tso`."""

    def __init__(self) -> None:
        self._last = -1

    def __call__(self, sender: str, request: Body) -> Body:
        """The reply to a request of a node."""
        if request.get("type") != "ts":
            return failure(NOT_SUPPORTED, f"this service knows ts, not {request.get('type')}")
        self._last += 1
        return {"type": "ts_ok", "ts": self._last}


def services(seed: int, now: Callable[[], int]) -> Mapping[str, Service]:
    """Every service by name, new."""
    return {
        "lin-kv": LinearizableService(),
        "seq-kv": SequentialService(RandomStream(seed, "service", "seq-kv")),
        "lww-kv": LastWriteWinsService(RandomStream(seed, "service", "lww-kv"), now),
        "lin-tso": TimestampService(),
    }
