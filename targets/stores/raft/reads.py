"""Reads that see every write acknowledged before them, in four ways, of which one does not (Raft thesis §6.4).

- `log`    the read is an entry like a write: always right, and as dear as a write
- `index`  the leader makes sure, by a round of heartbeats begun after the read arrived, that it was still the leader
- `lease`  the leader trusts that nobody is elected within the shortest election timeout after a confirmed round began,
           and answers at once (§6.4.1): right as long as monotonic clocks run at the same rate; offsets do not matter
- `local`  the server that is asked answers from what it has: quick, and stale whenever the network says so

Pitfall: a new leader's log holds everything committed, but it does not yet know what; so no read is answered before
an entry of its own term is committed.
"""

from splitbrain.harness.program import Effect, Mark
from splitbrain.targets.stores.messages import NO_LEADER, Request
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import RaftServer
from splitbrain.targets.stores.requests import Origin, answer, refuse


class Reads:
    """Reads of a leader by index or lease."""

    def __init__(self, server: RaftServer, replication: Replication) -> None:
        self._server = server
        self._replication = replication
        self.waiting: list[tuple[int, Request, Origin]] = []
        """Reads that are not answered, each with the round that it waits for."""

    def serve(self, request: Request, origin: Origin) -> None:
        """Answer a read now, or when a round begun now is confirmed."""
        if self._at_once():
            self._server.out += [self._mark(by_lease=True), self._answer(request, origin)]
            return
        self._replication.broadcast()
        self.waiting.append((self._replication.round, request, origin))

    def _leased(self) -> bool:
        replication = self._replication
        until = replication.confirmed_at + self._lease()
        return replication.established and replication.confirmed > 0 and replication.clock() < until

    def _at_once(self) -> bool:
        """Whether a read may be answered without a round."""
        return self._server.settings.reads == "lease" and self._leased()

    def _lease(self) -> int:
        """The time from the start of a confirmed round during which nobody else is elected."""
        return self._server.settings.lease

    def release(self) -> None:
        """Answer the reads whose round is confirmed. Asked after every event of a leader while reads wait."""
        if not self._replication.established:
            return
        confirmed = self._replication.confirmed
        ready = [self._answer(read, origin) for number, read, origin in self.waiting if number <= confirmed]
        self._server.out += [self._mark(by_lease=False), *ready] if ready else []
        self.waiting = [waiting for waiting in self.waiting if waiting[0] > confirmed]

    def abandon(self) -> None:
        """Stop leading: waiting reads are refused, which is safe for reads."""
        text = "the leader lost its majority"
        self._server.out += [refuse(origin, read, NO_LEADER, text) for _, read, origin in self.waiting]
        self.waiting = []

    def _mark(self, *, by_lease: bool) -> Effect:
        server = self._server
        return Mark("read", server.term, server.applied, self._replication.inherited + 1, by_lease)

    def _answer(self, request: Request, origin: Origin) -> Effect:
        return answer(origin, request, self._server.machine.read(request.key))
