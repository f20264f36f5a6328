"""The cache of `style=cache-aside`: it holds copies, and knows nothing of the store.

A miss gives out a lease, if none is out for the key; whoever misses meanwhile waits for the fill. An erasure breaks the
lease: what its holder has read may be old by now. A lease whose holder is silent for `lease_ms` goes to the next.

Pitfall: a reader whose lease is gone may have read at the store after the one who has it now, and have seen what is not
in the copy. So it does not answer its client with that, but misses again.
"""

from collections.abc import Sequence
from typing import ClassVar

from splitbrain.harness.program import Effect, Mark, Now, Send, SetTimer
from splitbrain.targets.stores.cache.messages import (
    ANYTIME,
    CacheErase,
    CacheErased,
    CacheFill,
    CacheGet,
    CacheHit,
    CacheMessage,
    CacheMiss,
    Lease,
)

LEASES = "leases"


class AsideCache:
    """Copies of keys. leases: how long one lasts, nanoseconds; 0: there are none, and anybody fills."""

    takes: ClassVar[tuple[type, ...]] = (CacheGet, CacheFill, CacheErase)
    """Messages that are for the cache."""

    def __init__(self, started: int, leases: int) -> None:
        self.leases = leases
        self.started = started
        self._given = 0
        self._copies: dict[str, tuple[object, int]] = {}
        self._out: dict[str, tuple[Lease, int]] = {}
        """Key → the lease that is out, and when it was given."""
        self._waiting: dict[str, list[tuple[str, CacheGet]]] = {}
        """Key → reads that wait for its fill, and the nodes that they came from."""

    def start(self) -> Sequence[Effect]:
        """The first effects."""
        return [SetTimer(LEASES, self.leases)] if self.leases else []

    def handle(self, now: Now, sender: str, message: CacheMessage) -> Sequence[Effect]:
        """A message for the cache."""
        match message:
            case CacheGet():
                return self.get(now, sender, message)
            case CacheFill():
                return self.fill(now, sender, message)
            case CacheErase():
                return self.erase(now, sender, message)
        return []

    def get(self, now: Now, sender: str, message: CacheGet) -> list[Effect]:
        """A copy, or the permission to fill, or neither yet."""
        key = message.key
        if key in self._copies:
            return [Send(sender, CacheHit(message.request, *self._copies[key]))]
        if not self.leases:
            return [Send(sender, CacheMiss(message.request, key, ANYTIME))]
        waiting = [one for one in self._waiting.get(key, ()) if one[1].request[0] != message.request[0]]
        self._waiting[key] = [*waiting, (sender, message)]
        return [] if key in self._out else self._give(now, key)

    def _give(self, now: Now, key: str) -> list[Effect]:
        """Give a lease to the first that waits."""
        if not self._waiting.get(key):
            self._waiting.pop(key, None)
            return []
        sender, message = self._waiting[key].pop(0)
        lease = self.new_lease()
        self._out[key] = lease, now.monotonic
        return [Send(sender, CacheMiss(message.request, key, lease))]

    def new_lease(self) -> Lease:
        """A lease that no other is taken for, over restarts too."""
        self._given += 1
        return self.started, self._given

    def fill(self, now: Now, sender: str, message: CacheFill) -> list[Effect]:
        """Take a copy, if its lease is good, and answer those who wait for it, its reader too; if not, that one misses
        again."""
        key, again = message.key, CacheGet(message.request, message.key)
        if self.leases and not self._good(message):
            return [Mark("refused-fill"), *self.get(now, sender, again)]
        self._out.pop(key, None)
        self._copies[key] = message.value, message.revision
        waiting = [(sender, again), *self._waiting.pop(key, ())]
        hits = [Send(node, CacheHit(one.request, message.value, message.revision)) for node, one in waiting]
        return [Mark("cached", key, message.revision), *hits]

    def _good(self, message: CacheFill) -> bool:
        out = self._out.get(message.key)
        return out is not None and out[0] == message.lease

    def erase(self, now: Now, sender: str, message: CacheErase) -> list[Effect]:
        """Erase a copy, and break the lease to fill it."""
        key = message.key
        self._copies.pop(key, None)
        told: list[Effect] = [Mark("erased", key, message.revision), Send(sender, CacheErased(message.request))]
        return told + self.break_lease(now, key)

    def break_lease(self, now: Now, key: str) -> list[Effect]:
        """Refuse what the holder of a lease has read: the next reader gets another one."""
        return self._give(now, key) if self._out.pop(key, None) else []

    def tick(self, now: Now) -> list[Effect]:
        """Break the leases that have lasted too long."""
        old = [key for key, (_, given) in self._out.items() if now.monotonic - given >= self.leases]
        effects = [effect for key in old for effect in self.break_lease(now, key)]
        return [*effects, SetTimer(LEASES, self.leases)]
