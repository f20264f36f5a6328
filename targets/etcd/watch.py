"""Watchers: every change under a prefix, in order; after a break a watcher resumes at the next revision.

A watcher has a name and outlives its client: its position is kept by the target. A stream stays open from one `watch`
to the next, so that live delivery is tested and not only catching up. What was received and not yet handed out is
dropped with the client, so the position moves only when events are handed out.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.etcd.errors import COMPACTED, EtcdError
from splitbrain.targets.etcd.gateway import Gateway, decoded, encoded, span
from splitbrain.targets.etcd.store import Store, parsed
from splitbrain.targets.servers.http import Json

WATCH_SECONDS = 0.5
"""The time that one `watch` waits for the first event."""

Name = tuple[Any, Any]
"""(prefix, watcher)."""
Event = tuple[str, int, Any]
"""(object, revision, value or None if deleted)."""


@dataclass
class Positions:
    """Positions of the watchers. begin: the revision at which every watcher begins."""

    begin: int = 1
    next: dict[Name, int] = field(default_factory=dict)

    def of(self, name: Name) -> int:
        """The next revision of a watcher."""
        return self.next.get(name, self.begin)


class WatchStream:
    """One watch that is open."""

    def __init__(self, gateway: Gateway, store: Store, prefix: Any, start: int) -> None:
        self.events: list[Event] = []
        self.changed = asyncio.Event()
        key = store.name(prefix).removesuffix("/")
        body = {"create_request": {**span(key), "start_revision": str(start)}}
        self.reading = asyncio.ensure_future(self._read(gateway, body, store))
        self.reading.add_done_callback(self._ended)

    async def _read(self, gateway: Gateway, body: Json, store: Store) -> None:
        async with aclosing(gateway), aclosing(gateway.stream("/v3/watch", body)) as answers:
            async for answer in answers:
                self._take(answer, store)
        raise ConnectionResetError("the member ended the watch")

    def _take(self, answer: Json, store: Store) -> None:
        if answer.get("canceled"):
            compacted = int(answer.get("compact_revision", 0))
            text = f"compacted up to {compacted}" if compacted else f"watch cancelled: {answer.get('cancel_reason')}"
            raise EtcdError(text, revision=compacted)
        self.events += [_event(event, store) for event in answer.get("events", ())]
        if self.events:
            self.changed.set()

    def _ended(self, reading: "asyncio.Task[None]") -> None:
        if not reading.cancelled():
            reading.exception()  # raised by `wait`, if anyone still waits
        self.changed.set()

    async def wait(self) -> None:
        """Wait until there are new events; if the stream has broken instead, what broke it is raised."""
        known = len(self.events)
        while len(self.events) == known:
            if self.reading.done():
                self.reading.result()
            self.changed.clear()
            await self.changed.wait()


class Watchers:
    """The watchers of one client."""

    def __init__(self, gateway: Gateway, store: Store, positions: Positions) -> None:
        self._gateway, self._store, self._positions = gateway, store, positions
        self._streams: dict[Name, WatchStream] = {}

    async def watch(self, operation: Operation) -> Outcome:
        """The events since the last time; none if there are none for a while."""
        stream = self._stream(operation)
        if not stream.events:
            try:
                async with asyncio.timeout(WATCH_SECONDS):
                    await stream.wait()
            except TimeoutError:
                return self._handed_out(operation, [])
            except EtcdError as error:
                return self._broken(operation, error)
        return self._handed_out(operation, stream.events)

    async def drain(self, operation: Operation) -> Outcome:
        """All events up to the latest change of anything that stands under the prefix now, read linearizably."""
        latest = await self._latest(operation.key)
        stream = self._stream(operation)
        name = operation.key, operation.value
        try:
            while latest >= (stream.events[-1][1] + 1 if stream.events else self._positions.of(name)):
                await stream.wait()
        except EtcdError as error:
            return self._broken(operation, error)
        return self._handed_out(operation, stream.events)

    async def begin(self) -> None:
        """Begin watchers at the revision after the present one."""
        answer = await self._gateway.call("/v3/kv/range", {"key": encoded(self._store.name(None))})
        self._positions.begin = int(answer["header"]["revision"]) + 1

    async def close(self) -> None:
        """End all streams."""
        for stream in self._streams.values():
            stream.reading.cancel()
        self._streams.clear()

    def _stream(self, operation: Operation) -> WatchStream:
        name = operation.key, operation.value
        stream = self._streams.get(name)
        if stream is None or (stream.reading.done() and not stream.events):
            stream = WatchStream(self._gateway.another(), self._store, operation.key, self._positions.of(name))
            self._streams[name] = stream
        return stream

    def _handed_out(self, operation: Operation, events: list[Event]) -> Outcome:
        name = operation.key, operation.value
        seen = tuple(events)
        events.clear()
        if seen:
            self._positions.next[name] = max(event[1] for event in seen) + 1
        return Outcome.ok(seen, self._positions.of(name) - 1)

    def _broken(self, operation: Operation, error: EtcdError) -> Outcome:
        """A watch that etcd cancelled. After a compaction the watcher goes on where the history begins now."""
        name = operation.key, operation.value
        stream = self._streams.pop(name, None)
        if stream is not None:
            stream.reading.cancel()
        if error.revision:
            self._positions.next[name] = error.revision
        compacted = error.revision or COMPACTED in str(error)
        kind = ErrorKind.CONFLICT if compacted else ErrorKind.UNAVAILABLE
        return Outcome.fail(kind, f"compacted: {error}" if compacted else str(error), operation.value)

    async def _latest(self, prefix: Any) -> int:
        body = {**span(self._store.name(prefix).removesuffix("/")), "limit": "1"}
        body |= {"sort_order": "DESCEND", "sort_target": "MOD", "keys_only": True}
        found = (await self._gateway.call("/v3/kv/range", body)).get("kvs", ())
        return int(found[0]["mod_revision"]) if found else 0


def _event(event: Json, store: Store) -> Event:
    pair = event["kv"]
    deleted = event.get("type") == "DELETE"
    value = None if deleted or not pair.get("value") else parsed(pair)
    return store.key_of(decoded(pair["key"])), int(pair["mod_revision"]), value
