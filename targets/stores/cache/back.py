"""The cache of `style=write-back`: it carries requests out on its copies and answers; the store hears of them later,
one after the other, in the order in which they were carried out.

Pitfall: a copy that the store does not know of must not be erased, nor changed by what the store says.
"""

from collections import deque
from collections.abc import Sequence

from splitbrain.harness.program import Effect, Mark, Now, Send, SetTimer
from splitbrain.targets.stores.cache.messages import StoreReads
from splitbrain.targets.stores.cache.through import ThroughCache, answered
from splitbrain.targets.stores.machine import changed
from splitbrain.targets.stores.messages import Answer, Forward, Request, Response
from splitbrain.targets.stores.replicas import word

FLUSH = "flush"


class BackCache(ThroughCache):
    """Copies of keys, and the changes that the store does not know. pause: between two of them, nanoseconds."""

    def __init__(self, store: str, reads: StoreReads, leases: int, pause: int) -> None:
        super().__init__(store, reads, leases)
        self._pause = pause
        self._behind: deque[Request] = deque()
        self._last: dict[str, tuple[int, Response]] = {}
        """Session → its last request that may have changed a key, and the answer."""

    def start(self) -> Sequence[Effect]:
        """The first effects."""
        return [*super().start(), SetTimer(FLUSH, self._pause)]

    def ask(self, now: Now, sender: str, request: Request) -> list[Effect]:
        """Serve a request that a node has passed on."""
        key = word(request.key)
        if request.f == "read":
            return self.read(now, sender, request)
        if key not in self.copies:
            return self.fetch(now, key, [(sender, request)])
        return [answered(sender, request, self.carry_out(key, request))]

    def carry_out(self, key: str, request: Request) -> Response:
        """Carry a request out on a copy, unless it has been."""
        last, before = self._last.get(request.session, (0, Response()))
        if request.sequence <= last:
            return before
        value, revision = self.copies[key]
        value, error = changed(value, request)
        if error is None:
            self.copies[key] = value, revision + 1
            self._behind.append(request)
        self._last[request.session] = request.sequence, error or Response(None, revision + 1)
        return self._last[request.session][1]

    def serve(self, now: Now, sender: str, request: Request, response: Response) -> list[Effect]:
        """Serve one who waited for a fetch."""
        return self.ask(now, sender, request)

    def heard(self, now: Now, message: Answer) -> list[Effect]:
        """An answer of the store."""
        if self._behind and (self._behind[0].session, self._behind[0].sequence) == (message.session, message.sequence):
            self._behind.popleft()
            return [Mark("flushed", len(self._behind)), *self.flush()]
        return super().heard(now, message)

    def flush(self) -> list[Effect]:
        """Tell the store the next change."""
        return [Send(self.store, Forward(self._behind[0]))] if self._behind else []

    def flush_tick(self) -> list[Effect]:
        """Tell the store what it does not know; again, if it does not answer."""
        return [*self.flush(), SetTimer(FLUSH, self._pause)]
