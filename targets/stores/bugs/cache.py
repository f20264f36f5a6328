"""Bugs of cache."""

from splitbrain.harness.program import Effect, Now, Send
from splitbrain.targets.stores.cache.aside import AsideCache
from splitbrain.targets.stores.cache.front import AsideFront
from splitbrain.targets.stores.cache.messages import CacheErase
from splitbrain.targets.stores.cache.through import ThroughCache
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.requests import Name


class LeaseNotBroken(AsideCache):
    """Bug: an erasure leaves the lease alone, so that what its holder read before the write comes in after it."""

    def break_lease(self, now: Now, key: str) -> list[Effect]:
        """Break it, if it has lasted too long, and not for an erasure."""
        out = self._out.get(key)
        return super().break_lease(now, key) if out and now.monotonic - out[1] >= self.leases else []


class ErasesBefore(AsideFront):
    """Bug: the copy is erased before the store is told of the write, and not after it."""

    def ask(self, handle: int, request: Request) -> list[Effect]:
        """Begin a request of a client."""
        effects = super().ask(handle, request)
        if request.f == "read":
            return effects
        erase = CacheErase((request.session, request.sequence), word(request.key), 0)
        return [Send(self.cache, erase), *effects]

    def changed(self, name: Name, response: Response) -> list[Effect]:
        """Pass on the store's answer to a request that may change a key, and nothing more."""
        return self.reply(name, response)


class ErasureNotAwaited(AsideFront):
    """Bug: a write is acknowledged when the store has it, and the erasure is sent once."""

    def changed(self, name: Name, response: Response) -> list[Effect]:
        """Pass on the store's answer to a request that may change a key, and send the erasure once."""
        found = self.opened(name)
        if found is None:
            return []
        found.told = response
        return [self.erase(found), *self.reply(name, response)]


class LastAnswerCounts(ThroughCache):
    """Bug: a copy is what the store answered last, whatever its revision."""

    def keep(self, key: str, value: object, revision: int) -> list[Effect]:
        """Take it."""
        self.copies.pop(key, None)
        return super().keep(key, value, revision)


class CopyBeforeStore(ThroughCache):
    """Bug: a write changes the copy before the store has it."""

    def ask(self, now: Now, sender: str, request: Request) -> list[Effect]:
        """Serve a request that a node has passed on."""
        key = word(request.key)
        if request.f == "write" and key in self.copies:
            self.copies[key] = request.value, self.copies[key][1]
        return super().ask(now, sender, request)
