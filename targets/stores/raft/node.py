"""What happens on each event? A Raft server as a program: events in, the parts of the protocol, effects out.

Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014 (§ without further name),
and Ongaro's thesis, "Consensus: Bridging Theory and Practice", 2014. Read `server.py`, `election.py`,
`replication.py`, `reads.py` first; this file only connects them. The trap: words held for the disk are released at
the end of an event, those to itself too, and may lead to more writing; so an event ends only when nothing is left.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.program import Effects, Now, Reply, Role
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import refusal
from splitbrain.targets.stores.messages import NO_LEADER, Answer, Entry, Forward, Request, Response
from splitbrain.targets.stores.raft import election, replication
from splitbrain.targets.stores.raft.election import Election
from splitbrain.targets.stores.raft.messages import AppendReply, AppendRequest, RaftMessage, VoteReply, VoteRequest
from splitbrain.targets.stores.raft.reads import Reads
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import LEADER, RaftSettings, Server
from splitbrain.targets.stores.requests import Origin, Requests, refuse


class RaftNode:
    """One server of a Raft cluster."""

    message_type: ClassVar[Any] = RaftMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream, *, settings: RaftSettings) -> None:
        self.server = Server(name, nodes, random, settings)
        self.election = Election(self.server)
        self.replication = Replication(self.server)
        self.reads = Reads(self.server, self.replication)
        self.requests = Requests()
        self._followed: str | None = None
        """The last leader that was known: requests may have been passed on to it."""

    @property
    def role(self) -> Role:
        """ "leader", "candidate" or "follower", and the term."""
        return Role(self.server.role, self.server.term)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover term, vote and log; be a follower. What is committed is learned from a leader."""
        self.server.now = now
        self.server.out += self.server.log.recover(disk)
        self.server.heard = now.monotonic
        self.election.wait()
        return self._finish()

    def on_message(self, now: Now, sender: str, message: RaftMessage) -> Effects:
        """Another server, or a node that forwards, speaks."""
        self.server.now = now
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
        """A client asks this node."""
        self.server.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        nonsense = refusal(message)
        if nonsense is not None:
            return [Reply(request, nonsense)]
        if message.f == "read" and self.server.settings.reads == "local":
            return [Reply(request, self.server.machine.read(message.key))]
        if self.server.role == LEADER:
            self._lead(message, request)
        else:
            self.server.out.append(self.requests.forward(self.server.leader, request, message))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """More of the journal is on disk."""
        self.server.now = now
        self.server.log.journal.on_durable(token)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Nobody knows what is on disk now."""
        give_up(errno)

    def _handle(self, sender: str, message: RaftMessage) -> None:
        match message:
            case AppendRequest():
                if self.replication.on_request(sender, message):
                    self.election.heard_leader()
            case AppendReply():
                self.replication.on_reply(sender, message)
            case VoteRequest():
                self.election.on_request(sender, message)
            case VoteReply():
                if self.election.on_reply(sender, message):
                    self.replication.lead()
            case Forward(request):
                self._forwarded(sender, request)
            case Answer():
                self.server.out += self.requests.answered(message)

    def _forwarded(self, sender: str, request: Request) -> None:
        if self.server.role == LEADER:
            self._lead(request, sender)
        else:
            self.server.out.append(refuse(sender, request, NO_LEADER, "asked a node that does not lead"))

    def _lead(self, request: Request, origin: Origin) -> None:
        """Serve a request as leader."""
        if request.f == "read" and self.server.settings.reads in ("index", "lease"):
            self.reads.serve(request, origin)
        elif not self.requests.joins(request, origin):
            index = self.replication.place(Entry(self.server.term, request))
            self.server.out += self.requests.placed(index, request, origin)

    def _finish(self) -> Effects:
        """End an event: apply what is committed, write, and say what the disk allows to be said."""
        server, journal = self.server, self.server.log.journal
        while True:
            self._apply()
            server.out += journal.flush()
            server.log.settle()
            released = journal.released()
            if not released:
                break
            for send in released:
                if send.to == server.name:
                    self._handle(send.to, send.message)
                else:
                    server.out.append(send)
        if server.leader is not None and server.leader != self._followed:
            self._followed = server.leader
            server.out += self.requests.follow(server.leader)
        if server.role == LEADER:
            self.reads.release()
        else:
            self.reads.abandon()
        effects, server.out = server.out, []
        return effects

    def _apply(self) -> None:
        server = self.server
        while server.applied < server.commit:
            server.applied += 1
            request = server.log.entry(server.applied).request
            response = server.machine.apply(request) if request is not None else None
            server.out += self.requests.applied(server.applied, request, response)
