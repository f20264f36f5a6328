"""The cache of `style=write-through`: all requests come to it, and it asks the store, for what it does not have.

A key that is not there is fetched once, and all who ask for it meanwhile wait. A change that the store has answered
breaks the fetch, which begins anew: what it brings may be older. Copies are changed by plain writes alone, and only
where there is one; everything else that may have changed a key erases its copy.

Pitfall: answers of the store come in any order, and an old one again where a client asks twice. So of two copies the
one with the greater revision counts, and no copy is made of the answer to a write: there would be nothing to compare it
with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from splitbrain.harness.program import Effect, Mark, Now, Send, SetTimer
from splitbrain.targets.stores.cache.messages import CacheAnswer, CacheAsk, CacheMessage, StoreReads
from splitbrain.targets.stores.messages import Answer, Forward, Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.requests import Name

FETCHES = "fetches"


@dataclass
class Fetch:
    """A read at the store. began: when. waiting: who asks for the key, and from where."""

    key: str
    began: int
    waiting: list[tuple[str, Request]] = field(default_factory=list)


class ThroughCache:
    """Copies of keys. leases: how long a fetch may take until it is made anew, nanoseconds; 0: everybody who misses
    fetches, and the fetch that comes last counts."""

    takes: ClassVar[tuple[type, ...]] = (CacheAsk, Answer)
    """Messages that are for the cache."""

    def __init__(self, store: str, reads: StoreReads, leases: int) -> None:
        self.store, self.leases = store, leases
        self._reads = reads
        self.copies: dict[str, tuple[object, int]] = {}
        self._fetches: dict[Name, Fetch] = {}
        """By the names of the reads at the store."""
        self._fetching: dict[str, Name] = {}
        """Key → the fetch that counts."""
        self._changes: dict[str, tuple[Request, str]] = {}
        """Session → its last request that may change a key, and the node that it came from."""

    def start(self) -> Sequence[Effect]:
        """The first effects."""
        return [SetTimer(FETCHES, self.leases)] if self.leases else []

    def handle(self, now: Now, sender: str, message: CacheMessage) -> Sequence[Effect]:
        """A message for the cache."""
        match message:
            case CacheAsk(request):
                return self.ask(now, sender, request)
            case Answer():
                return self.heard(now, message)
        return []

    def ask(self, now: Now, sender: str, request: Request) -> list[Effect]:
        """Serve a request that a node has passed on."""
        if request.f == "read":
            return self.read(now, sender, request)
        self._changes[request.session] = request, sender
        return [Send(self.store, Forward(request))]

    def read(self, now: Now, sender: str, request: Request) -> list[Effect]:
        """Answer with a copy, or fetch it."""
        key = word(request.key)
        if key in self.copies:
            return [answered(sender, request, Response(*self.copies[key]))]
        return self.fetch(now, key, [(sender, request)])

    def fetch(self, now: Now, key: str, waiting: list[tuple[str, Request]]) -> list[Effect]:
        """Have the store read a key, unless it is being read; for those who wait."""
        name = self._fetching.get(key)
        if name is not None and self.leases:
            self._fetches[name].waiting += waiting
            return []
        read = self._reads.new(key)
        self._fetching[key] = (read.session, read.sequence)
        self._fetches[read.session, read.sequence] = Fetch(key, now.monotonic, waiting)
        return [Send(self.store, Forward(read))]

    def break_fetch(self, now: Now, key: str) -> list[Effect]:
        """Make a fetch anew: what it brings is not taken any more."""
        name = self._fetching.get(key)
        if name is None or not self.leases:
            return []
        del self._fetching[key]
        return self.fetch(now, key, self._fetches.pop(name).waiting)

    def heard(self, now: Now, message: Answer) -> list[Effect]:
        """An answer of the store."""
        name = (message.session, message.sequence)
        if self._reads.has(name):
            fetch = self._fetches.pop(name, None)
            return self._fetched(now, name, fetch, message.response) if fetch is not None else []
        request, sender = self._changes.get(message.session, (None, ""))
        if request is None or request.sequence != message.sequence:
            return []
        del self._changes[message.session]
        return self.changed(now, sender, request, message.response)

    def _fetched(self, now: Now, name: Name, fetch: Fetch, response: Response) -> list[Effect]:
        if self._fetching.get(fetch.key) == name:
            del self._fetching[fetch.key]
        marks = self.keep(fetch.key, response.value, response.revision or 0)
        return [*marks, *(effect for one in fetch.waiting for effect in self.serve(now, *one, response))]

    def serve(self, now: Now, sender: str, request: Request, response: Response) -> list[Effect]:
        """Serve one who waited for a fetch, which has brought this."""
        return [answered(sender, request, response)]

    def keep(self, key: str, value: object, revision: int) -> list[Effect]:
        """Make, or change, a copy; without leases whatever there is."""
        if self.leases and key in self.copies and self.copies[key][1] >= revision:
            return []
        self.copies[key] = value, revision
        return [Mark("cached", key, revision)]

    def changed(self, now: Now, sender: str, request: Request, response: Response) -> list[Effect]:
        """Keep or drop the copy of a key, once the store has answered a request that may change it."""
        key = word(request.key)
        if request.f == "write" and response.error is None and key in self.copies:
            marks = self.keep(key, request.value, response.revision or 0)
        else:
            self.copies.pop(key, None)
            marks = [Mark("erased", key, response.revision or 0)]
        return [*marks, *self.break_fetch(now, key), answered(sender, request, response)]

    def tick(self, now: Now) -> list[Effect]:
        """Make the fetches anew that have taken too long."""
        old = [fetch.key for fetch in self._fetches.values() if now.monotonic - fetch.began >= self.leases]
        return [*(effect for key in old for effect in self.break_fetch(now, key)), SetTimer(FETCHES, self.leases)]


def answered(sender: str, request: Request, response: Response) -> Effect:
    """The answer to a request that a node has passed on."""
    return Send(sender, CacheAnswer((request.session, request.sequence), response))
