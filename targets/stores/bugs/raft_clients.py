"""Bugs in what raft does for clients: reads, retried requests, refusals."""

from splitbrain.targets.stores.messages import PRECONDITION, Request, Response
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.reads import Reads
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import LEADER
from splitbrain.targets.stores.requests import Origin, answer


class ReadsWithoutRound(Reads):
    """Bug: answers a read from the leader's copy without making sure that it still leads."""

    def _at_once(self) -> bool:
        return self._replication.established


class ReadsBeforeEstablished(Replication):
    """Bug: answers reads before an entry of the leader's own term is committed, when it does not know yet what is."""

    @property
    def established(self) -> bool:
        """Whether reads may be answered: always."""
        return True


class ReadsJoinOldRound(Reads):
    """Bug: lets a read wait for the round that is under way, which may have begun before another leader was elected."""

    def serve(self, request: Request, origin: Origin) -> None:
        """Wait for the last confirmed round, which has been confirmed."""
        self.waiting.append((self._replication.confirmed, request, origin))


class LeaseTooLong(Reads):
    """Bug: trusts in a lease that is longer than the election timeout."""

    def _lease(self) -> int:
        return 4 * self._server.settings.election_max


class LeaseFromAnswer(Replication):
    """Bug: begins the lease when the answers have come, and not when the round began."""

    def _confirm(self) -> None:
        before = self.confirmed
        super()._confirm()
        if self.confirmed > before:
            self.confirmed_at = self.clock()


class LeaseOnWallClock(Replication):
    """Bug: measures the lease by the wall clock."""

    def clock(self) -> int:
        """The wall clock, which may be set back."""
        return self._server.now.wall


class LocalDeduplication(RaftNode):
    """Bug: remembers the answers of retried requests in the leader's memory alone; its machine knows no sessions."""

    def _lead(self, request: Request, origin: Origin) -> None:
        seen = self.__dict__.setdefault("_seen", {})
        if request.f != "read" and seen.get(request.session) == request.sequence:
            self.server.out.append(answer(origin, request, Response(revision=None)))
            return
        seen[request.session] = request.sequence
        super()._lead(request, origin)


class LastEntryAgain(Replication):
    """Bug: applies the last entry again when it is elected."""

    def lead(self) -> None:
        """Lead, and apply the last entry once more."""
        server = self._server
        super().lead()
        if server.applied > server.log.base:
            request = server.log.entry(server.applied).request
            if request is not None:
                server.machine._execute(request)


class RefusesFromOwnCopy(RaftNode):
    """Bug: refuses a compare-and-set by its own copy, which may be old, on whatever server is asked."""

    def _known(self, request: Request) -> Response | None:
        return _refusal(self, request) or super()._known(request)


class LeaderRefusesFromOwnCopy(RaftNode):
    """Bug: refuses a compare-and-set by the copy of a server that believes to lead."""

    def _known(self, request: Request) -> Response | None:
        refused = _refusal(self, request) if self.server.role == LEADER else None
        return refused or super()._known(request)


def _refusal(node: RaftNode, request: Request) -> Response | None:
    if request.f != "cas":
        return None
    value = node.server.machine.read(request.key).value
    if value == request.value[0]:
        return None
    return Response(error=PRECONDITION, text=f"the value is {value!r}, not {request.value[0]!r}")
