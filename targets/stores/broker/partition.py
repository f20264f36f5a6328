"""Replica of one partition: its log, who leads it, and how much of it is committed.

The leader appends, sends to all others, and takes for committed what all replicas in sync have on disk. A replica that
does not keep up leaves the set in sync, one that has caught up joins it, and a replica in sync may take over from a
leader that is silent; each of these is a new epoch, decided by the configuration service. So who takes over has all
that was committed, unless `unclean` lets one take over that was not in sync.

Pitfall: while a change of the set is under way, the leader does not know which one counts, so nothing is committed
without the replicas of both. A leader that starts again may have lost what its followers have of its epoch, so it leads
on in a new one only. And a replica that starts again must know the epoch that it was in: messages of an older leader
may still be on their way, and would take the place of what was committed since.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from splitbrain.harness.program import Effect, Log, Mark, Send
from splitbrain.targets.stores.broker.compaction import MESSAGES, PartitionCompaction
from splitbrain.targets.stores.broker.messages import Deposed, Leadership, Replicate, Replicated
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.messages import IN_DOUBT, UNAVAILABLE, Entry, Request, Response
from splitbrain.targets.stores.requests import Origin, Requests, answer

BATCH_MAX = 200
"""Entries in one message, at most."""
POLLED_MAX = 50
"""Messages in one answer to a poll, at most."""


@dataclass(frozen=True)
class BrokerSettings:
    """The options of a node. acks: "0", "1" or "all". consumed: whether there are consumer groups. compacted: whether
    messages have keys, and superseded ones go. persistent: False keeps nothing over a restart. heartbeat, patience,
    retention: nanoseconds; patience is the silence after which a replica counts as dead, retention the time for which
    tombstones stay."""

    acks: str = "all"
    min_in_sync: int = 2
    unclean: bool = False
    idempotent: bool = True
    consumed: bool = False
    compacted: bool = False
    persistent: bool = True
    heartbeat: int = 50_000_000
    patience: int = 300_000_000
    retention: int = 1_000_000_000


Propose = Callable[[Leadership | None, Leadership], None]
"""Ask the configuration service for a leadership in the place of another."""


class PartitionReplica:
    """One replica. Effects go to `out`, which the node empties."""

    def __init__(
        self, name: str, node: str, nodes: Sequence[str], log: ReplicaLog, requests: Requests, settings: BrokerSettings
    ) -> None:
        self.name = name
        self.node = node
        self.nodes = tuple(nodes)
        self.others = tuple(other for other in nodes if other != node)
        self.log = log
        self.requests = requests
        self.settings = settings
        self.leadership: Leadership | None = None
        """The latest that is known here."""
        self.committed = 0
        self.compaction: PartitionCompaction | None = None
        self.joining: tuple[str, ...] = ()
        """Replicas that may be in sync, for this leader has proposed it and does not know yet."""
        self.out: list[Effect] = []
        self._established = -1
        """The epoch that this life of the node has won."""
        self._answered = 0
        """The index up to which waiting requests were answered."""
        self._found = 0
        """The last index of the log when this replica began to lead."""
        self._next: dict[str, int] = {}
        self._match: dict[str, int] = {}
        self._caught_up: dict[str, int] = {}
        """The time at which each other replica last had all that the leader had."""
        self._replied: list[str] = []
        """The other replicas that have acknowledged something in this epoch."""
        self._producers: dict[str, tuple[int, int]] = {}
        """The last message of each session in the log: its number, and its index."""

    @property
    def epoch(self) -> int:
        """The present epoch, -1 if none is known."""
        return self.leadership.epoch if self.leadership is not None else -1

    @property
    def leads(self) -> bool:
        """Whether this replica leads."""
        return self.leadership is not None and self._established == self.leadership.epoch

    def adopt(self, leadership: Leadership, now: int, *, won: bool = False) -> None:
        """Learn of a leadership. won: this life of the node has proposed it, and has got it."""
        if leadership.epoch < max(self.epoch, self.log.term) or (leadership.epoch == self.epoch and not won):
            return
        led = self.leads
        won = won or self._leads_on(leadership)
        self.leadership = leadership
        self.joining = ()
        if leadership.epoch > self.log.term:
            self._remember(leadership.epoch)
        self.out.append(Log(f"{self.name}, epoch {leadership.epoch}: {leadership.leader} leads"))
        if won:
            self._established = leadership.epoch
            self.out.append(Mark("leads", leadership.epoch, self.name, self.log.last))
            self._begin(now, anew=not led)
        elif led:
            self.out += self.requests.abandon("another replica leads now")
        if leadership.leader != self.node:
            self.out += self.requests.follow(leadership.leader)

    def _remember(self, epoch: int) -> None:
        """Write down that an epoch has begun."""
        self.log.ballot(epoch, None)

    def _leads_on(self, leadership: Leadership) -> bool:
        """Whether a leadership that this life of the node has not won counts as its own."""
        return False

    def _begin(self, now: int, *, anew: bool) -> None:
        """Begin to lead an epoch: nothing is known of the others in it."""
        self._next = dict.fromkeys(self.others, self.log.last + 1)
        self._match = dict.fromkeys(self.others, 0)
        self._caught_up = dict.fromkeys(self.others, now)
        self._replied = []
        if anew:
            self._answered = self._found = self.log.last
            self._learn_producers()

    def _learn_producers(self) -> None:
        """See in the log which messages came before."""
        self._producers = {}
        for index in range(1, self.log.last + 1):
            self._note(self.log.entry(index).request, index)

    def _note(self, request: Request | None, index: int) -> None:
        if request is not None and request.sequence > self._producers.get(request.session, (0, 0))[0]:
            self._producers[request.session] = request.sequence, index

    def serve(self, request: Request, origin: Origin, now: int) -> None:
        """Carry out a request, as leader."""
        if request.f == "poll":
            self.poll(request, origin)
        else:
            self.send(request, origin)
            self.replicate()

    def send(self, request: Request, origin: Origin) -> None:
        """Append a message, as leader."""
        if self.settings.acks == "all" and not self._enough():
            text = "too few replicas are in sync"
            self.out.append(self.requests.refuse(origin, request, UNAVAILABLE, text))
            return
        if self.settings.idempotent and self._known(request, origin):
            return
        index = self.log.append(Entry(self.epoch, request))
        self._note(request, index)
        if self.settings.acks == "0":
            return
        self.out += self.requests.placed(index, request, origin)

    def _known(self, request: Request, origin: Origin) -> bool:
        """Whether the message came before; then the origin is answered, now or with those who wait."""
        if self.requests.joins(request, origin):
            return True
        sequence, index = self._producers.get(request.session, (0, 0))
        if request.sequence > sequence:
            return False
        if self.settings.acks == "0":
            return True
        known = request.sequence == sequence and self._settled(index)
        doubt = Response(error=IN_DOUBT, text="came before, and is not committed yet")
        self.out.append(answer(origin, request, self._response(index) if known else doubt))
        return True

    def _settled(self, index: int) -> bool:
        """Whether a message that came before is acknowledged."""
        return index <= self._acknowledged()

    def _response(self, index: int) -> Response:
        """The answer to the message at an index, once it is acknowledged."""
        return Response(revision=index)

    def _enough(self) -> bool:
        """Whether enough replicas are in sync for a message to be acknowledged."""
        return self.leadership is not None and len(self.leadership.in_sync) >= self.settings.min_in_sync

    def poll(self, request: Request, origin: Origin) -> None:
        """Answer with the messages from an index on, as leader."""
        if not self._shows_all():
            text = "it is not known yet what is committed"
            self.out.append(self.requests.refuse(origin, request, UNAVAILABLE, text))
            return
        messages = list(islice(self.messages(max(1, int(request.value))), POLLED_MAX))
        self.out.append(answer(origin, request, Response(messages)))

    def _shows_all(self) -> bool:
        """Whether all that may have been shown before is shown. Otherwise a message of a compacted log may have given
        way to one that is not."""
        return self.compaction is None or self.committed >= self._found

    def messages(self, first: int) -> Iterator[list[Any]]:
        """The messages that are shown from an index on, each with its offset."""
        for index in range(first, self._readable() + 1):
            request = self.log.entry(index).request
            if request is not None and request.f in MESSAGES:
                yield [index, request.value]

    def compact(self, now: int) -> None:
        """Let superseded messages go, if the log is a compacted one."""
        if self.compaction is not None:
            self.compaction.compact(self.committed, now)

    def _readable(self) -> int:
        """The index up to which messages are shown."""
        return self.committed

    def advance(self) -> None:
        """See how much is committed, and answer those who waited for it. Asked after every event."""
        if not self.leads or self.log.journal.durable < self.log.ballot_record:
            return
        self.committed = max(self.committed, self._stored_in_sync())
        ready = self._acknowledged()
        while self._answered < ready:
            self._answered += 1
            response = self._response(self._answered)
            if self.settings.acks == "all" and not self._enough():
                response = Response(error=IN_DOUBT, text="replicas have left the set in sync meanwhile")
            request = self.log.entry(self._answered).request
            self.out += self.requests.applied(self._answered, request, response)

    def _acknowledged(self) -> int:
        """The index up to which messages are acknowledged."""
        return self.log.durable if self.settings.acks == "1" else self.committed

    def _stored_in_sync(self) -> int:
        """The index up to which all that may be in sync have the log on disk."""
        in_sync = (*(self.leadership.in_sync if self.leadership is not None else ()), *self.joining)
        return min([self.log.durable, *(self._match[other] for other in in_sync if other != self.node)])

    def replicate(self, only: str | None = None) -> None:
        """Send the others what they may be missing, as leader; or one of them."""
        if self.leadership is None or not self.leads:
            return
        for other in self.others if only is None else (only,):
            first = self._next[other]
            entries = self.log.between(first, min(self.log.last, first + BATCH_MAX - 1))
            previous = self.log.term_at(first - 1) or 0
            message = Replicate(self.name, self.leadership, first - 1, previous, entries, self.committed)
            self.out.append(Send(other, message))

    def on_replicate(self, sender: str, message: Replicate, now: int) -> None:
        """The side of a follower."""
        if self._outdated(message):
            if self.leadership is not None:
                self.out.append(Send(sender, Deposed(self.name, self.leadership)))
            return
        self.adopt(message.leadership, now)
        if self.leads:
            return
        conflict = self.log.conflict(message.previous, message.previous_epoch)
        if conflict is not None:
            self.out.append(Send(sender, Replicated(self.name, self.epoch, False, conflict[0])))
            return
        cut = self.log.merge(message.previous, message.entries)
        if cut is not None and cut <= self.committed:
            self.committed = cut - 1  # what was committed is lost: the leader was not in sync
        index = message.previous + len(message.entries)
        self.committed = max(self.committed, min(message.committed, index))
        if self.compaction is not None:
            self.compaction.received(message.entries, index, now)
        record = max(self.log.record_of(index), self.log.ballot_record)
        self.log.journal.hold(record, Send(sender, Replicated(self.name, self.epoch, True, index)))

    def _outdated(self, message: Replicate) -> bool:
        """Whether a message is of an older epoch."""
        return message.leadership.epoch < max(self.epoch, self.log.term)

    def on_replicated(self, sender: str, reply: Replicated, now: int) -> None:
        """The side of the leader."""
        if not self.leads or reply.epoch != self.epoch:
            return
        if not reply.ok:
            self._next[sender] = max(1, min(reply.index, self._next[sender] - 1, self.log.last + 1))
            self.replicate(sender)
            return
        if sender not in self._replied:
            self._replied.append(sender)
        self._match[sender] = max(self._match[sender], reply.index)
        self._next[sender] = max(self._next[sender], reply.index + 1)
        if self._match[sender] >= self.log.last:
            self._caught_up[sender] = now

    def wanted(self, now: int, silent: Callable[[str], bool]) -> Leadership | None:
        """The leadership that should follow this one; None if this one is well. silent: whether a node was not heard
        for long."""
        current = self.leadership
        if current is None:
            return None
        if self.leads:
            return self._with_those_who_keep_up(current, now)
        if current.leader == self.node:
            return Leadership(current.epoch + 1, self.node, current.in_sync)
        if not silent(current.leader):
            return None
        if self.node in current.in_sync:
            in_sync = tuple(other for other in current.in_sync if other != current.leader)
            return Leadership(current.epoch + 1, self.node, in_sync)
        return self._unclean(current, silent)

    def expect(self, wanted: Leadership) -> None:
        """Ask for a leadership, as leader: its replicas may be in sync from now on. So may those of one that was asked
        for before in this epoch: it may be decided late."""
        self.joining += tuple(other for other in wanted.in_sync if other not in self.joining)

    def _with_those_who_keep_up(self, current: Leadership, now: int) -> Leadership | None:
        """The leadership in which those are in sync that keep up; None if they are already."""
        behind = [other for other in current.in_sync if other != self.node and self._behind(other, now)]
        joining = [other for other in self.others if other not in current.in_sync and self._complete(other)]
        if not behind and not joining:
            return None
        in_sync = (*(other for other in current.in_sync if other not in behind), *joining)
        return Leadership(current.epoch + 1, self.node, in_sync)

    def _unclean(self, current: Leadership, silent: Callable[[str], bool]) -> Leadership | None:
        """The leadership of a replica that is not in sync: where nobody in sync is heard, and that is allowed."""
        if not self.settings.unclean or not all(silent(other) for other in current.in_sync):
            return None
        return Leadership(current.epoch + 1, self.node, (self.node,))

    def _behind(self, other: str, now: int) -> bool:
        """Whether a replica in sync has not had all for long."""
        return self._match[other] < self.log.last and now - self._caught_up[other] >= self.settings.patience

    def _complete(self, other: str) -> bool:
        """Whether a replica has said in this epoch that it has all that the leader has."""
        return other in self._replied and self._match[other] >= self.log.last
