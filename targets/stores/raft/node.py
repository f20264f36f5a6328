"""A Raft server as a program: events in, the parts of the protocol, effects out.

Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014 (§ without further name),
and Ongaro's thesis, "Consensus: Bridging Theory and Practice", 2014. Read `server.py`, `election.py`,
`replication.py`, `reads.py` first; this file only connects them.

Pitfall: messages held for the disk are released at
the end of an event, those to itself too, and may lead to more writing; so an event ends only when nothing is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from splitbrain.harness.program import Effects, Mark, Now, Reply, Role
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.compaction import Compaction
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.messages import (
    NO_LEADER,
    OF_OPERATORS,
    UNAVAILABLE,
    Answer,
    Entry,
    Forward,
    Request,
    Response,
)
from splitbrain.targets.stores.parts import Parts
from splitbrain.targets.stores.raft import election, replication
from splitbrain.targets.stores.raft.election import Election
from splitbrain.targets.stores.raft.marks import RaftMarks
from splitbrain.targets.stores.raft.members import OF_MEMBERS
from splitbrain.targets.stores.raft.membership import MemberChanges
from splitbrain.targets.stores.raft.messages import (
    SERVERS,
    AppendReply,
    AppendRequest,
    RaftMessage,
    SnapshotRequest,
    TimeoutNow,
    TransferRequest,
    VoteReply,
    VoteRequest,
)
from splitbrain.targets.stores.raft.reads import Reads
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import LEADER, RaftServer, RaftSettings
from splitbrain.targets.stores.raft.transfer import LeaderTransfer
from splitbrain.targets.stores.requests import Origin, refuse

KEPT_MAX = 64
"""Entries before a snapshot that stay in the log, for followers that are not far behind; fewer where snapshots are more
frequent."""


@dataclass(frozen=True)
class RaftParts(Parts):
    """The classes that a server is made of."""

    server: type[RaftServer] = RaftServer
    election: type[Election] = Election
    replication: type[Replication] = Replication
    reads: type[Reads] = Reads
    transfer: type[LeaderTransfer] = LeaderTransfer
    membership: type[MemberChanges] = MemberChanges


CORRECT = RaftParts()
"""Those that do what the papers say."""


class RaftNode:
    """One server of a Raft cluster."""

    message_type: ClassVar[Any] = RaftMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response
    version: ClassVar[int] = 1

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: RaftSettings,
        parts: RaftParts = CORRECT,
    ) -> None:
        log = parts.new_log(persistent=settings.persistent)
        self.server = parts.server(name, nodes, random, settings, log, parts.machine())
        self.election = parts.election(self.server)
        self.replication = parts.replication(self.server)
        self.reads = parts.reads(self.server, self.replication)
        self.transfer = parts.transfer(self.server, self.election, self.replication)
        self.membership = parts.membership(self.server, self.replication)
        self.requests = parts.requests()
        self._marks = RaftMarks(self.server)
        self._compaction = Compaction(settings.compact_after, random, kept_max=KEPT_MAX)
        self._followed: str | None = None
        """The last leader that was known: requests may have been passed on to it."""

    @property
    def role(self) -> Role:
        """ "leader", "candidate" or "follower", and the term."""
        return Role(self.server.role, self.server.term)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover term, vote, snapshot and log; be a follower. What else is committed is learned from a leader."""
        self.server.now = now
        log = self.server.log
        self.server.out += log.recover(disk)
        if log.snapshot is not None:
            self.server.restore(log.snapshot.index, log.snapshot.state)
            log.snapshot = None
        else:
            self.server.read_log()
        self.server.out += self._marks.started()
        self.server.heard = self._heard_at_start()
        self.election.wait()
        return self._finish()

    def _heard_at_start(self) -> int:
        """Time at which a leader counts as heard at a start: see `RaftServer.heard`."""
        return self.server.now.monotonic

    def on_message(self, now: Now, sender: str, message: RaftMessage) -> Effects:
        """Take a message of another server, or of a node that forwards."""
        server = self.server
        server.now = now
        if isinstance(message, SERVERS) and message.term < server.log.term:
            server.out.append(Mark("stale", type(message).__name__))
        self._handle(sender, message)
        return self._finish()

    def on_timer(self, now: Now, name: str) -> Effects:
        """The election timer or the heartbeat."""
        self.server.now = now
        if name == election.TIMER:
            self.election.on_timeout()
        elif name == replication.TIMER:
            self.replication.on_heartbeat()
        return self._finish()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        self.server.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "version":
            return [Reply(request, Response(self.version))]
        if message.f == "audit":
            return [Reply(request, Response(self.server.machine.account(self.server.applied)))]
        own = self._own_answer(message)
        if own is not None:
            self.server.out.append(Reply(request, own))
            return self._finish()
        if self.requests.refused_before(message):
            return [refuse(request, message, NO_LEADER, "refused when it came first")]
        self._marks.asked(request, message)
        known = self._known(message)
        if known is not None:
            self.server.out.append(Reply(request, known))
        elif self.server.role == LEADER:
            self._lead(message, request)
        else:
            self.server.out.append(self.requests.forward(self.server.leader, request, message))
        return self._finish()

    def _own_answer(self, request: Request) -> Response | None:
        """The answer to a wish of an operator for this server, and to what makes no sense."""
        if request.f == "promote":
            return self.transfer.wish()
        return None if request.f in OF_OPERATORS else self.server.machine.refusal(request)

    def _known(self, request: Request) -> Response | None:
        """The answer that any server may give by itself; None if the leader has to be asked."""
        if request.f == "read" and self.server.settings.reads == "local":
            return self.server.machine.read(request.key)
        return None

    def on_durable(self, now: Now, token: int) -> Effects:
        """Go on when more of the journal is on disk."""
        self.server.now = now
        self.server.log.journal.on_durable(token)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _handle(self, sender: str, message: RaftMessage) -> None:
        match message:
            case AppendReply():
                self.replication.on_reply(sender, message)
                self.transfer.settle()
            case AppendRequest():
                if self.replication.on_request(sender, message):
                    self.election.heard_leader()
            case Forward(request):
                self._forwarded(sender, request)
            case Answer():
                self.server.out += self.requests.answered(message)
            case SnapshotRequest():
                if self.replication.on_snapshot(sender, message):
                    self.election.heard_leader()
                self.server.out += self.requests.passed(self.server.applied)
            case VoteRequest():
                self.election.on_request(sender, message)
            case VoteReply():
                if self.election.on_reply(sender, message):
                    self.replication.lead()
            case TransferRequest() | TimeoutNow():
                self.transfer.on_message(sender, message)
            case _:
                raise ValueError(f"{type(message).__name__} is no message that this version knows")

    def _forwarded(self, sender: str, request: Request) -> None:
        if self.server.role == LEADER:
            self._lead(request, sender)
        else:
            self.server.out.append(self.requests.misdirected(sender, request))

    def _lead(self, request: Request, origin: Origin) -> None:
        """Serve a request as leader, unless it is handing over."""
        if self.transfer.under_way:
            self.server.out.append(self.requests.refuse(origin, request, NO_LEADER, "handing the leadership over"))
        elif request.f == "read" and self.server.settings.reads in ("index", "lease"):
            self.reads.serve(request, origin)
        elif request.f in OF_OPERATORS and (why := self.membership.refusal(request)):
            self.server.out.append(self.requests.refuse(origin, request, UNAVAILABLE, why))
        elif not self.requests.joins(request, origin):
            written = self.membership.written(request) if request.f in OF_OPERATORS else request
            index = self.replication.place(Entry(self.server.term, written))
            self.server.out += self.requests.placed(index, request, origin)

    def _finish(self) -> Effects:
        """End an event: apply what is committed, write, and say what the disk allows to be said."""
        server, marks, log = self.server, self._marks, self.server.log
        journal = log.journal
        again = True
        while again:
            again = False
            if server.applied < server.commit:
                self._apply()
            if server.applied != marks.seen:
                self._compact()
            if journal.durable < journal.written:
                server.out += journal.flush()
            if log.durable != log.last or log.on_their_way:
                log.settle()
            for send in journal.released() if journal.held else ():
                if send.to == server.name:
                    marks.told(send.to, send.message)
                    self._handle(send.to, send.message)
                    again = True
                else:
                    server.out.append(send)
        if server.leader is not None and server.leader != self._followed:
            self._followed = server.leader
            server.out += self.requests.follow(server.leader)
        if not self.reads.waiting:
            pass
        elif server.role == LEADER:
            self.reads.release()
        else:
            self.reads.abandon()
        effects, server.out = server.out, []
        told = marks.changes(effects, self.replication)
        told += effects
        return told

    def _apply(self) -> None:
        server = self.server
        while server.applied < server.commit:
            server.applied += 1
            request = server.log.entry(server.applied).request
            if request is not None and request.f in OF_MEMBERS:
                members = server.members_at(server.applied)
                response: Response | None = Response([members.voters, members.learners])
                self.membership.applied()
            else:
                response = server.machine.apply(request) if request is not None else None
            server.out += self.requests.applied(server.applied, request, response)

    def _compact(self) -> None:
        """Make known what was applied, and put a snapshot in its place once there is enough of it."""
        server = self.server
        self._marks.applied()
        self._compaction.compact(server.log, server.applied, server)
