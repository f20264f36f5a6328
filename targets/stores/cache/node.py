"""Node of cache: a front for its clients, and the store or the cache besides, if it is the first or the second one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from splitbrain.harness.program import Effect, Effects, Now, Reply, Role, Send
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.cache.aside import LEASES, AsideCache
from splitbrain.targets.stores.cache.back import FLUSH, BackCache
from splitbrain.targets.stores.cache.front import AsideFront, PassingFront
from splitbrain.targets.stores.cache.messages import (
    CacheMessage,
    StoreReads,
)
from splitbrain.targets.stores.cache.through import FETCHES, ThroughCache
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import refusal
from splitbrain.targets.stores.messages import UNAVAILABLE, UNSUPPORTED, Forward, Request, Response
from splitbrain.targets.stores.single import SingleNode

ASIDE, THROUGH, BACK = "cache-aside", "write-through", "write-back"


@dataclass(frozen=True)
class CacheSettings:
    """Options of a node. leases, pause: nanoseconds. persistent: whether the store uses its disk."""

    style: str = ASIDE
    leases: int = 300_000_000
    pause: int = 200_000_000
    persistent: bool = True


@dataclass(frozen=True)
class CacheParts:
    """The classes of which a node is made."""

    aside: type[AsideCache] = AsideCache
    through: type[ThroughCache] = ThroughCache
    front: type[AsideFront] = AsideFront


CORRECT = CacheParts()


class CacheNode:
    """One node."""

    message_type: ClassVar[Any] = CacheMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: CacheSettings,
        parts: CacheParts = CORRECT,
    ) -> None:
        self.name, self.settings, self.parts = name, settings, parts
        self.store_node, self.cache_node = nodes[0], nodes[1 % len(nodes)]
        persistent = settings.persistent
        self.store = SingleNode(name, nodes, random, persistent=persistent)
        self.cache: AsideCache | ThroughCache | None = None
        self.front = PassingFront(self.store_node, self.cache_node)

    @property
    def role(self) -> Role:
        """ "primary" for the store, "cache", or "proxy"."""
        if self.name == self.store_node:
            return Role("primary")
        return Role("cache" if self.name == self.cache_node else "proxy")

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Start the store from its journal; caches begin empty."""
        reads = StoreReads(self.name, now.monotonic)
        if self.settings.style == ASIDE:
            self.front = self.parts.front(self.store_node, self.cache_node, reads)
        effects = list(self.store.on_start(now, disk)) if self.name == self.store_node else []
        if self.name == self.cache_node:
            self.cache = self._new_cache(reads, now)
            effects += self.cache.start()
        return self._locally(now, effects)

    def _new_cache(self, reads: StoreReads, now: Now) -> AsideCache | ThroughCache:
        leases = self.settings.leases
        if self.settings.style == ASIDE:
            return self.parts.aside(now.monotonic, leases)
        if self.settings.style == THROUGH:
            return self.parts.through(self.store_node, reads, leases)
        return BackCache(self.store_node, reads, leases, self.settings.pause)

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Begin a request of a client."""
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            if self.name == self.store_node:
                return self.store.on_request(now, request, message)
            return [Reply(request, Response(error=UNAVAILABLE, text="the first node is the store"))]
        nonsense = refusal(message)
        if nonsense is not None or message.f == "txn":
            return [Reply(request, nonsense or Response(error=UNSUPPORTED, text="there are no transactions"))]
        return self._locally(now, self.front.ask(request, message))

    def on_message(self, now: Now, sender: str, message: CacheMessage) -> Effects:
        """A message of another node."""
        return self._locally(now, self._handle(now, sender, message))

    def _locally(self, now: Now, effects: Effects) -> list[Effect]:
        """Effects, with what this node sends itself handled."""
        found: list[Effect] = []
        left = list(effects)
        while left:
            effect = left.pop(0)
            if isinstance(effect, Send) and effect.to == self.name:
                left += self._handle(now, self.name, effect.message)
            else:
                found.append(effect)
        return found

    def _handle(self, now: Now, sender: str, message: CacheMessage) -> Effects:
        if isinstance(message, Forward):
            return self.store.on_message(now, sender, message)
        if self.cache is not None and isinstance(message, self.cache.takes):
            return self.cache.handle(now, sender, message)
        return self.front.heard(message)

    def on_timer(self, now: Now, name: str) -> Effects:
        """Time for the cache, or for the front."""
        if name in (LEASES, FETCHES) and self.cache is not None:
            return self._locally(now, self.cache.tick(now))
        if name == FLUSH and isinstance(self.cache, BackCache):
            return self._locally(now, self.cache.flush_tick())
        return self._locally(now, self.front.tick())

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the store's journal is on disk."""
        return self._locally(now, self.store.on_durable(now, token))

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)
