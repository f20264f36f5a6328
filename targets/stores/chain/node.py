"""A node of a chain: the head orders requests, each node passes them on to the next, the tail commits.

Van Renesse and Schneider, "Chain Replication for Supporting High Throughput and Availability", OSDI 2004, sections 2
and 3. A node has in its log what its predecessor has sent (Update Propagation Invariant), so what the tail has on disk,
all have. Acknowledgements go back from the tail to the head, which answers. Who hears nothing of a member for
`patience` asks the configuration service for a chain without it; who is no member is brought up to date by the tail,
and becomes the next tail.

Pitfall: the paper assumes fail-stop nodes; ours may be cut off and not know that the chain goes on without them. A
write is safe, for a member of a newer epoch acknowledges nothing of an older one; nor does one that starts anew, as the
service tells it the epoch, and no other node. A read is answered by the tail once the configuration service has
confirmed, after the read arrived, that the epoch is still the present one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.program import Effect, Effects, Log, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.chain.configuration import TIMER, TOKENS, ChainConfiguration
from splitbrain.targets.stores.chain.members import ChainMembers
from splitbrain.targets.stores.chain.messages import Beat, Chain, ChainMessage, Link, Linked
from splitbrain.targets.stores.chain.settings import CORRECT, ChainParts, ChainSettings
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import applied_marks, refusal
from splitbrain.targets.stores.messages import NO_LEADER, Answer, Entry, Forward, Request, Response
from splitbrain.targets.stores.requests import Origin, answer, refuse

HEARTBEAT = "heartbeat"
BATCH_MAX = 200
"""Entries in one message, at most."""


class ChainNode:
    """One node: head, tail, both, one between them, or outside the chain."""

    message_type: ClassVar[Any] = ChainMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: ChainSettings,
        parts: ChainParts = CORRECT,
    ) -> None:
        self.name = name
        self.settings = settings
        self.members = ChainMembers(name, tuple(nodes), settings.patience)
        self.configuration = ChainConfiguration(name, nodes, random, persistent=settings.persistent)
        self.log = parts.new_log(persistent=settings.persistent)
        self.machine = parts.machine()
        self.requests = parts.requests()
        self.applied = 0
        self._base: int | None = None
        """The end of the head's log when the epoch began, once it is known here."""
        self._matched = 0
        """The index up to which the log is that of the predecessor. What bears the present epoch is, and was perhaps
        acknowledged before this node started anew: an old message that tells of less must not take that back."""
        self._next = 1
        self._downstream = 0
        """The index up to which all from the successor on have the log on disk."""
        self._joining: str | None = None
        """The node outside that the tail brings up to date."""
        self._learned: int | None = None
        """The index up to which that has the log on disk."""
        self._asking = False
        self._told = -1
        self._now = Now(0, 0)
        self._out: list[Effect] = []

    @property
    def role(self) -> Role:
        """ "primary" for the head; "tail", "middle" or "outside"."""
        return Role(self.members.place, self.members.epoch)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover the log, and ask for the configuration."""
        self._now = now
        self._out += self.configuration.on_start(now, disk)
        self._out += self.log.recover(disk)
        self._out.append(Mark("recovered", self.log.last))
        self.members.start(now.monotonic)
        self._ask()
        self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        return self._finish()

    def on_message(self, now: Now, sender: str, message: ChainMessage) -> Effects:
        """Take another node's message."""
        self._now = now
        self.members.heard(sender, now.monotonic)
        match message:
            case Link():
                self._on_link(sender, message)
            case Linked():
                self._on_linked(sender, message)
            case Beat():
                if self.members.chain:  # else what it says may be older than what was known here before the start
                    self._adopt(message.epoch, message.chain)
            case Forward(request):
                self._serve(request, sender)
            case Answer():
                self._out += self.requests.answered(message)
            case _:
                self._out += self.configuration.on_message(now, sender, message)
        return self._finish()

    def on_timer(self, now: Now, name: str) -> Effects:
        """A heartbeat, or a timer of the configuration service."""
        self._now = now
        if name.startswith(TIMER):
            self._out += self.configuration.on_timer(now, name)
            return self._finish()
        self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        members = self.members
        if not members.chain:
            self._ask()
            return self._finish()
        self._out += [Send(other, Beat(members.epoch, members.chain)) for other in members.others]
        self._change_chain()
        self._link_on()
        return self._finish()

    def _change_chain(self) -> None:
        """Ask for another chain if this one is not well."""
        members, now = self.members, self._now
        learned = self._learned is not None and self._up_to_date() and self._learned >= self._here()
        wanted = members.wanted(now.monotonic, self._joining if learned else None, complete=self._complete())
        if wanted is None or self._asking:
            return
        self._out.append(Log(f"epoch {members.epoch}: asking for the chain {', '.join(wanted)}"))
        self._asking = True
        old = members.epoch, members.chain
        self._out += self.configuration.propose(now, old, wanted, lambda answer: self._proposed(old, wanted, answer))

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        self._now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.machine.account(self.applied)))]
        nonsense = refusal(message)
        if nonsense is not None:
            return [Reply(request, nonsense)]
        members = self.members
        target = members.tail if message.f == "read" else members.head
        if self.requests.refused_before(message):
            self._out.append(refuse(request, message, NO_LEADER, "refused when it came first"))
        elif message.f == "read" and self.settings.reads_any and members.place != "outside":
            self._out.append(Reply(request, self.machine.read(message.key)))
        elif target == self.name:
            self._serve(message, request)
        else:
            alive = target if target is None or not members.silent(target, now.monotonic) else None
            self._out.append(self.requests.forward(alive, request, message))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of a journal is on disk."""
        self._now = now
        if token >= TOKENS:
            self._out += self.configuration.on_durable(now, token)
            return self._finish()
        self.log.journal.on_durable(token)
        self.log.settle()
        self._link_on()
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _serve(self, request: Request, origin: Origin) -> None:
        """Order a request as head, or answer a read as tail."""
        if request.f == "read" and self.members.tail == self.name:
            self._read(request, origin)
        elif request.f == "read" or self.members.head != self.name:
            text = "asked a node that is not the head of the chain, or not its tail"
            self._out.append(self.requests.refuse(origin, request, NO_LEADER, text))
        elif not self.requests.joins(request, origin):
            index = self.log.append(Entry(self.members.epoch, request))
            self._out += self.requests.placed(index, request, origin)

    def _read(self, request: Request, origin: Origin) -> None:
        """Have the configuration service confirm that this node is still the tail, then answer."""
        self._out += self.configuration.ask(self._now, lambda response: self._confirmed(request, origin, response))

    def _confirmed(self, request: Request, origin: Origin, response: Response) -> None:
        self._read_configuration(response)
        current = response.error is None and self.configuration.understood(response)[0] == self.members.epoch
        if current and self.members.tail == self.name and self._up_to_date():
            self._apply(self._committed())
            self._out.append(answer(origin, request, self.machine.read(request.key)))
        else:
            self._out.append(refuse(origin, request, NO_LEADER, "the chain has changed, or cannot be confirmed"))

    def _ask(self) -> None:
        """Read the configuration, unless that is under way."""
        if not self._asking:
            self._asking = True
            self._out += self.configuration.ask(self._now, self._asked)

    def _asked(self, response: Response) -> None:
        self._asking = False
        self._read_configuration(response)

    def _read_configuration(self, response: Response) -> None:
        if response.error is None:
            self._adopt(*self.configuration.understood(response))

    def _proposed(self, old: tuple[int, Chain], wanted: Chain, response: Response) -> None:
        self._asking = False
        if response.error is None:
            self._adopt(old[0] + 1, wanted)
        else:
            self._ask()

    def _adopt(self, epoch: int, chain: Chain) -> None:
        """Enter an epoch, if it is a later one than the present."""
        members = self.members
        if members.chain and epoch <= members.epoch:
            return
        members.enter(epoch, chain, self._now.monotonic)
        self._out += [Log(f"epoch {epoch}: the chain is {', '.join(chain)}"), Mark("configuration", epoch, chain)]
        head = members.head == self.name
        if head or (members.place != "outside" and self.log.term == epoch - 1):
            self._note_complete()
        self._base = self.log.last if head else None
        self._matched, self._downstream = self.log.last_of(epoch) or 0, 0
        self._joining = self._learned = None
        self._next = self.log.last + 1
        if not head:
            self._out += self.requests.abandon(f"epoch {epoch} has begun, with another head")
        self._out += self.requests.keep(chain)
        self._told = -1
        self._link_on()

    def _here(self) -> int:
        """The index up to which this node has the log of the chain on disk."""
        return self.log.durable if self.members.head == self.name else min(self._matched, self.log.durable)

    def _up_to_date(self) -> bool:
        """Whether this node has all that was committed before the epoch began."""
        return self._base is not None and self._here() >= self._base

    def _complete(self) -> bool:
        """Whether this member is known to have all that was committed before the epoch began: as its head, as one that
        caught up in it, or as one that was complete in the epoch before, which committed nothing without it. So it is
        noted on disk, as the term of the log."""
        return self.log.term == self.members.epoch

    def _note_complete(self) -> None:
        if self.log.term < self.members.epoch:
            self.log.ballot(self.members.epoch, None)

    def _committed(self) -> int:
        """The index up to which the chain from here to its tail has the log on disk."""
        if self.members.place == "outside" or not self._up_to_date():
            return 0
        return self._here() if self.members.tail == self.name else min(self._here(), self._downstream)

    def _link_on(self) -> None:
        """Send the next node what is here and may be missing there; the tail, a node outside that is to join."""
        to = self.members.successor
        if to is None:
            to = self.members.joining(self._now.monotonic)
            if to != self._joining:
                self._joining, self._learned, self._next = to, None, self.log.last + 1
        if to is None or self._base is None or not self.members.chain:
            return
        here = self._here()
        first = min(self._next, here + 1)
        entries = self.log.between(first, min(here, first + BATCH_MAX - 1))
        link = Link(self.members.epoch, self._base, first - 1, self.log.term_at(first - 1) or 0, entries)
        self._out.append(Send(to, link))

    def _on_link(self, sender: str, link: Link) -> None:
        """The side of the successor."""
        if not self._fits(sender, link):
            return
        conflict = self.log.conflict(link.prev_index, link.prev_epoch)
        if conflict is not None:
            self._out.append(Send(sender, Linked(link.epoch, False, conflict[0], 0)))
            return
        self.log.merge(link.prev_index, link.entries)
        index = link.prev_index + len(link.entries)
        self._base, self._matched = link.base, max(self._matched, index)
        self._acknowledge(sender, index)

    def _fits(self, sender: str, link: Link) -> bool:
        """Whether entries come from the predecessor, in the present epoch."""
        return link.epoch == self.members.epoch and sender == self.members.predecessor

    def _acknowledge(self, to: str, index: int) -> None:
        """Tell the predecessor what is on disk here, when it is."""
        record = self.log.record_of(index)
        self.log.journal.hold(record, Send(to, Linked(self.members.epoch, True, index, self._committed())))

    def _on_linked(self, sender: str, reply: Linked) -> None:
        """The side of the predecessor."""
        joining = sender == self._joining
        if reply.epoch != self.members.epoch or not (sender == self.members.successor or joining):
            return
        if not reply.ok:
            self._next = max(1, min(reply.index, self.log.last + 1))
            self._link_on()
            return
        more = reply.index + 1 >= self._next + BATCH_MAX
        self._next = max(self._next, reply.index + 1)
        if joining:
            self._learned = max(self._learned or 0, reply.index)
        else:
            self._downstream = max(self._downstream, reply.committed)
        if more and self._next <= self._here():
            self._link_on()

    def _apply(self, index: int) -> None:
        while self.applied < index:
            self.applied += 1
            entry = self.log.entry(self.applied)
            response = self.machine.apply(entry.request) if entry.request is not None else None
            self._out += self.requests.applied(self.applied, entry.request, response)
            self._out += applied_marks(self.machine, self.applied, entry)

    def _finish(self) -> Effects:
        """End an event: write, apply what is committed, tell the predecessor, and say what the disk allows."""
        if self.members.place != "outside" and self._up_to_date():
            self._note_complete()
        self._out += self.log.journal.flush()
        self.log.settle()
        committed = self._committed()
        self._apply(committed)
        predecessor = self.members.predecessor
        if committed > self._told and predecessor is not None and self.members.place != "outside" and self._matched:
            self._told = committed
            self._acknowledge(predecessor, min(self._matched, self.log.durable))
        for send in self.log.journal.released():
            self._out += [Mark("acknowledged", send.message.index), send]
        effects, self._out = self._out, []
        return effects
