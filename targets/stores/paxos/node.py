"""A node of paxos as a program: events in, acceptor, proposer and reads, effects out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import refusal, wire_name
from splitbrain.targets.stores.messages import UNAVAILABLE, Request, Response
from splitbrain.targets.stores.parts import Parts
from splitbrain.targets.stores.paxos.acceptor import Acceptor
from splitbrain.targets.stores.paxos.audit import Kept
from splitbrain.targets.stores.paxos.messages import (
    Accept,
    AcceptReply,
    Outbid,
    PaxosMessage,
    Prepare,
    Promise,
    Query,
    QueryReply,
)
from splitbrain.targets.stores.paxos.proposer import Proposer
from splitbrain.targets.stores.paxos.reads import QuorumReads
from splitbrain.targets.stores.paxos.register import ChangeFunction
from splitbrain.targets.stores.paxos.replica import PaxosSettings, Replica, Waiting


@dataclass(frozen=True)
class PaxosParts(Parts):
    """The classes that a node is made of."""

    acceptor: type[Acceptor] = Acceptor
    proposer: type[Proposer] = Proposer
    reads: type[QuorumReads] = QuorumReads
    change: type[ChangeFunction] = ChangeFunction


CORRECT = PaxosParts()


class PaxosNode:
    """One node: acceptor and proposer."""

    message_type: ClassVar[Any] = PaxosMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: PaxosSettings,
        parts: PaxosParts = CORRECT,
    ) -> None:
        self.name = name
        self.acceptor = parts.acceptor(parts.journal(persistent=settings.persistent))
        self.replica = Replica(name, tuple(nodes), random, settings, self.acceptor)
        self.proposer = parts.proposer(self.replica, parts.change())
        self.reads = parts.reads(self.replica, self.proposer)

    @property
    def role(self) -> Role:
        """The role of a peer, as all are alike."""
        return Role("peer")

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover what was promised and accepted."""
        self.replica.now = now
        self.replica.out += self.acceptor.recover(disk)
        return self._end_event()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        replica = self.replica
        replica.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            kept = [Kept.of(key, slot) for key, slot in self.acceptor.slots.items()]
            return [Reply(request, Response(msgspec.to_builtins(kept)))]
        nonsense = refusal(message)
        if nonsense is not None:
            return [Reply(request, nonsense)]
        key = wire_name(message.key)
        if message.f == "read" and replica.settings.reads == "local":
            return [Reply(request, self.acceptor.slot(key).register.response)]
        waiting = Waiting(message, [request], now.monotonic)
        if message.f == "read" and replica.settings.reads == "quorum":
            self.reads.serve(key, waiting)
        elif message.session and message.sequence <= replica.refused.get(message.session, -1):
            replica.refuse(waiting, Response(error=UNAVAILABLE, text="an earlier copy of the request was refused"))
        else:
            self.proposer.serve(key, waiting)
        return self._end_event()

    def on_message(self, now: Now, sender: str, message: PaxosMessage) -> Effects:
        """Take a node's message."""
        self.replica.now = now
        self._handle(sender, message)
        return self._end_event()

    def on_timer(self, now: Now, name: str) -> Effects:
        """Go on with a round, or a read, that has waited long enough."""
        self.replica.now = now
        if not self.proposer.on_timer(name):
            self.reads.on_timer(name)
        return self._end_event()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk."""
        self.replica.now = now
        self.acceptor.journal.on_durable(token)
        return self._end_event()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _handle(self, sender: str, message: PaxosMessage) -> None:
        answer: PaxosMessage
        match message:
            case Prepare():
                answer, record = self.acceptor.prepare(message)
                self.replica.promise(sender, answer, record)
            case Accept():
                answer, record = self.acceptor.accept(message)
                self.replica.promise(sender, answer, record)
            case Query():
                answer, record = self.acceptor.query(message)
                self.replica.promise(sender, answer, record)
            case Promise():
                self.proposer.on_promise(sender, message)
            case AcceptReply():
                self.proposer.on_accepted(sender, message)
            case Outbid():
                self.proposer.on_outbid(message)
            case QueryReply():
                self.reads.on_holding(sender, message)

    def _end_event(self) -> Effects:
        """Write, and say what the disk allows to be said, to this node itself too."""
        replica, journal = self.replica, self.acceptor.journal
        again = True
        while again:
            again = False
            self.acceptor.tidy()
            replica.out += journal.flush()
            for send in journal.released():
                replica.out += _marks(send)
                if send.to == self.name:
                    if isinstance(send.message, Prepare):
                        replica.out.append(Mark("begun", send.message.key, send.message.ballot))
                    self._handle(self.name, send.message)
                    again = True
                else:
                    replica.out.append(send)
        effects, replica.out = replica.out, []
        return effects


def _marks(send: Send) -> list[Effect]:
    """Marks for a message that leaves: `promised` (key, ballot, the ballot accepted last), `accepted` (key, ballot). A
    node marks `begun` (key, ballot) when the first messages of a ballot leave, a proposer `proposed` (key, ballot, the
    ballot built upon, digest), `chosen` (key, ballot, revision) and `executed` (a request's name, (key, ballot))."""
    message = send.message
    if isinstance(message, Promise):
        return [Mark("promised", message.key, message.ballot, message.accepted)]
    if isinstance(message, AcceptReply):
        return [Mark("accepted", message.key, message.ballot)]
    return []
