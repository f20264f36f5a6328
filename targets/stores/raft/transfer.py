"""Transfer of the leadership to a server that an operator chooses (Raft thesis §3.10).

The chosen server asks the leader, which takes no more requests until the other has its whole log, and then tells it to
stand for election at once. Voters give that candidate their vote though they have just heard a leader.

Pitfall: the disregard of candidates that come too soon is what a lease rests on. So the leader steps down before it
tells the other to stand; and it tells it of its own term, in which nobody else can lead.
"""

from splitbrain.harness.program import Mark
from splitbrain.targets.stores.messages import NO_LEADER, Response
from splitbrain.targets.stores.raft.election import Election
from splitbrain.targets.stores.raft.messages import TimeoutNow, Transfer, TransferRequest
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import FOLLOWER, LEADER, RaftServer


class LeaderTransfer:
    """The transfer part of a server."""

    def __init__(self, server: RaftServer, election: Election, replication: Replication) -> None:
        self._server = server
        self._election = election
        self._replication = replication
        self._to: str | None = None
        self._term = 0
        self._since = 0

    @property
    def under_way(self) -> bool:
        """Whether this leader is handing over: for an election timeout at most, then it leads on."""
        server = self._server
        if self._to is not None and (
            server.role != LEADER
            or server.term != self._term
            or server.now.monotonic - self._since >= server.settings.election_max
        ):
            self._to = None
        return self._to is not None

    def wish(self) -> Response:
        """Ask the leader for the leadership, as an operator wants this server to lead; the operator's answer."""
        server = self._server
        if server.role == LEADER:
            return Response()
        if server.leader is None:
            return Response(error=NO_LEADER, text="no leader is known here")
        server.send(server.leader, TransferRequest(server.term))
        return Response()

    def on_message(self, sender: str, message: Transfer) -> None:
        """Begin to hand over, as leader of that term; or stand for election at once, if the term is still that of the
        leader that handed over."""
        server = self._server
        if isinstance(message, TransferRequest):
            self._begin(sender, message)
        elif server.role == FOLLOWER and message.term == server.term:
            self._election.stand_at_once()

    def _begin(self, sender: str, request: TransferRequest) -> None:
        server = self._server
        if server.role != LEADER or request.term != server.term or self.under_way or sender not in server.voters:
            return
        self._to, self._term, self._since = sender, server.term, server.now.monotonic
        server.say(f"handing over to {sender}")
        self.settle()

    def settle(self) -> None:
        """Hand over as soon as the other has the whole log."""
        server = self._server
        if self._to is None or not self.under_way or self._replication.has_up_to(self._to) < server.log.last:
            return
        to, self._to = self._to, None
        self._step_down()
        server.out.append(Mark("handed-over", server.term, to))
        server.send(to, TimeoutNow(server.term))

    def _step_down(self) -> None:
        """Follow nobody, before the other may stand."""
        self._server.follow(self._server.term)
