"""The front of a node of cache: it serves clients, at the cache and at the store.

Pitfall: whoever was answered by the store has seen what is there, and a copy in the cache may be older. So whatever the
store says to a request that may change a key, a refused compare-and-set included, the copy is erased before the client
hears of it; and what it says to a read is the cache's to tell, if it takes it as its copy.
"""

from dataclasses import dataclass

from splitbrain.harness.program import Effect, Reply, Send, SetTimer
from splitbrain.targets.stores.cache.messages import (
    ANYTIME,
    CacheAnswer,
    CacheAsk,
    CacheErase,
    CacheErased,
    CacheFill,
    CacheGet,
    CacheHit,
    CacheMessage,
    CacheMiss,
    StoreReads,
)
from splitbrain.targets.stores.messages import Answer, Forward, Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.requests import Name

ERASURES = "erasures"
AGAIN_NS = 100_000_000
"""Time after which an erasure that was not confirmed is sent again, nanoseconds."""


@dataclass
class FrontRequest:
    """A request of a client. told: what the store has answered."""

    handle: int
    request: Request
    told: Response | None = None


class PassingFront:
    """The front where the cache does all. store, cache: nodes."""

    def __init__(self, store: str, cache: str) -> None:
        self.store, self.cache = store, cache
        self._open: dict[str, FrontRequest] = {}
        """Session → its last request."""

    def ask(self, handle: int, request: Request) -> list[Effect]:
        """Begin a request of a client."""
        self._open[request.session] = FrontRequest(handle, request)
        return [Send(self.cache, CacheAsk(request))]

    def opened(self, name: Name) -> FrontRequest | None:
        """The request of that name, if a client waits for it."""
        found = self._open.get(name[0])
        return found if found is not None and found.request.sequence == name[1] else None

    def reply(self, name: Name, response: Response) -> list[Effect]:
        """Answer a client, if it waits."""
        found = self.opened(name)
        if found is None:
            return []
        del self._open[name[0]]
        return [Reply(found.handle, response)]

    def heard(self, message: CacheMessage) -> list[Effect]:
        """An answer of the cache or of the store."""
        return self.reply(message.request, message.response) if isinstance(message, CacheAnswer) else []

    def tick(self) -> list[Effect]:
        """Send nothing again: only clients do."""
        return []


class AsideFront(PassingFront):
    """The front that asks cache and store itself. reads: names for its reads at the store."""

    def __init__(self, store: str, cache: str, reads: StoreReads) -> None:
        super().__init__(store, cache)
        self._reads = reads
        self._filling: dict[Name, CacheMiss] = {}
        """Reads at the store that are under way, by their names there."""
        self._ticking = False

    def ask(self, handle: int, request: Request) -> list[Effect]:
        """Begin a request of a client."""
        self._open[request.session] = FrontRequest(handle, request)
        if request.f == "read":
            return [Send(self.cache, CacheGet((request.session, request.sequence), word(request.key)))]
        return [Send(self.store, Forward(request))]

    def heard(self, message: CacheMessage) -> list[Effect]:
        """An answer of the cache or of the store."""
        match message:
            case CacheHit(name, value, revision):
                return self.reply(name, Response(value, revision))
            case CacheMiss():
                read = self._reads.new(message.key)
                self._filling[read.session, read.sequence] = message
                return [Send(self.store, Forward(read))]
            case CacheErased(name):
                found = self.opened(name)
                return self.reply(name, found.told) if found is not None and found.told is not None else []
            case Answer(session, sequence, response) if self._reads.has((session, sequence)):
                return self._read((session, sequence), response)
            case Answer(session, sequence, response):
                return self.changed((session, sequence), response)
        return []

    def _read(self, read: Name, response: Response) -> list[Effect]:
        """Fill the cache, which answers, with the store's answer to a read; without leases nobody waits for that."""
        miss = self._filling.pop(read, None)
        if miss is None:
            return []
        fill = CacheFill(miss.request, miss.key, response.value, response.revision or 0, miss.lease)
        told = self.reply(miss.request, response) if self.answers_at_once(miss) else []
        return [Send(self.cache, fill), *told]

    def answers_at_once(self, miss: CacheMiss) -> bool:
        """Whether a client is answered before the cache has taken the copy."""
        return miss.lease == ANYTIME

    def changed(self, name: Name, response: Response) -> list[Effect]:
        """Have the copy of a key erased, once the store has answered a request that may change it."""
        found = self.opened(name)
        if found is None:
            return []
        found.told = response
        ticking, self._ticking = self._ticking, True
        return [self.erase(found)] + ([] if ticking else [SetTimer(ERASURES, AGAIN_NS)])

    def erase(self, found: FrontRequest) -> Effect:
        """The order to erase the copy of the key of a request."""
        request = found.request
        revision = found.told.revision or 0 if found.told is not None else 0
        return Send(self.cache, CacheErase((request.session, request.sequence), word(request.key), revision))

    def tick(self) -> list[Effect]:
        """Send erasures again that were not confirmed."""
        effects = [self.erase(found) for found in self._open.values() if found.told is not None]
        self._ticking = bool(effects)
        return [*effects, SetTimer(ERASURES, AGAIN_NS)] if effects else []
