"""A node of primary-backup: it serves as primary of its view, or copies as backup.

The primary applies requests in its order and ships them to the backups. A view names the primary: view v belongs to
node v modulo n. With failover, a backup that hears no primary takes the next view that is its own, the nearest in line
first, and higher views win.

Pitfall: the papers' assumption that silence means death: behind a partition there are
then two primaries, and what the loser acknowledged is overwritten when the network heals.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.program import Effect, Effects, Log, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import applied_marks, refusal
from splitbrain.targets.stores.messages import (
    NO_LEADER,
    UNAVAILABLE,
    UNSUPPORTED,
    Answer,
    Entry,
    Forward,
    Request,
    Response,
)
from splitbrain.targets.stores.parts import Parts
from splitbrain.targets.stores.primary_backup.messages import PrimaryBackupMessage, Ship, Shipped
from splitbrain.targets.stores.primary_backup.settings import CORRECT, PrimaryBackupSettings
from splitbrain.targets.stores.requests import Origin, answer, refuse

HEARTBEAT = "heartbeat"
TAKEOVER = "takeover"
BATCH_MAX = 200
"""Entries in one message, at most."""


class PrimaryBackupNode:
    """One node: the primary of its view, or a backup in it."""

    message_type: ClassVar[Any] = PrimaryBackupMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: PrimaryBackupSettings,
        parts: Parts = CORRECT,
    ) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.others = tuple(node for node in nodes if node != name)
        self.settings = settings
        self.log = parts.new_log(persistent=settings.persistent)
        self.machine = parts.machine()
        self.requests = parts.requests()
        self.applied = 0
        self._heard: dict[str, int] = {}
        """Times at which each other node was last heard, by the monotonic clock."""
        self._next: dict[str, int] = {}
        self._match: dict[str, int] = {}
        self._start = 0
        """The number of this start, with stonith."""
        self._inherited = 0, 0
        """View and index of the last entry that is older than the present view, as it was when that began."""
        self._now = Now(0, 0)
        self._out: list[Effect] = []

    @property
    def view(self) -> int:
        """The present view: kept in the log as its term."""
        return self.log.term

    @property
    def primary(self) -> str:
        """The node that the present view belongs to."""
        return self.nodes[self.view % len(self.nodes)]

    @property
    def role(self) -> Role:
        """ "primary" or "backup", and the view."""
        return Role("primary" if self.name == self.primary else "backup", self.view)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover view and log. What is on our own disk counts: if we are primary it is the truth, if not we may be
        told otherwise."""
        self._now = now
        self._out += self.log.recover(disk)
        self._heard = dict.fromkeys(self.others, now.monotonic)
        self._enter()
        return self._finish()

    def on_message(self, now: Now, sender: str, message: PrimaryBackupMessage) -> Effects:
        """Take another node's message."""
        self._now = now
        match message:
            case Ship():
                self._on_ship(sender, message)
            case Shipped():
                self._on_shipped(sender, message)
            case Forward(request):
                self._serve(request, sender)
            case Answer():
                self._out += self.requests.answered(message)
        return self._finish()

    def on_timer(self, now: Now, name: str) -> Effects:
        """Send the primary's heartbeat, or take over, as a backup's patience is at its end."""
        self._now = now
        if name == HEARTBEAT and self.name == self.primary:
            self._ship_all()
            self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        elif name == TAKEOVER and self.name != self.primary:
            self._take_over()
        return self._finish()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        self._now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.machine.account(self.applied)))]
        if message.f == "promote":
            return self._promoted(request)
        nonsense = refusal(message)
        if nonsense is not None:
            return [Reply(request, nonsense)]
        if self.requests.refused_before(message):
            return [refuse(request, message, NO_LEADER, "refused when it came first")]
        if self.name == self.primary:
            self._serve(message, request)
        elif message.f == "read" and self.settings.reads_any and self._fresh_enough(message):
            self._out.append(Reply(request, self.machine.read(message.key)))
        else:
            known = None if self._silent(self.primary) else self.primary
            self._out.append(self.requests.forward(known, request, message))
        return self._finish()

    def _promoted(self, request: int) -> Effects:
        """Take over, as an operator has ordered, if this node does not lead and may."""
        if self.name != self.primary and self.settings.failover == "manual":
            self._take_over()
        leads = self.name == self.primary
        told = Response([self.role.name, self.role.term]) if leads else Response(error=UNSUPPORTED, text="it may not")
        self._out.append(Reply(request, told))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Go on when more of the journal is on disk."""
        self._now = now
        self.log.journal.on_durable(token)
        self.log.settle()
        if self.name == self.primary:
            self._ship_all()
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _fresh_enough(self, read: Request) -> bool:
        """Whether the copy here has all that the session of a read has seen of its key."""
        revision = self.machine.read(read.key).revision or 0
        return not self.settings.tokens or (read.value or 0) <= revision

    def _serve(self, request: Request, origin: Origin) -> None:
        """Serve a request as primary, or refuse it."""
        if self.name != self.primary:
            self._out.append(self.requests.refuse(origin, request, NO_LEADER, "asked a node that is not primary"))
        elif request.f == "read":
            self._out.append(answer(origin, request, self.machine.read(request.key)))
        elif self.requests.joins(request, origin):
            return
        elif self.settings.failover == "none" and self._too_few():
            self._out.append(self.requests.refuse(origin, request, UNAVAILABLE, "a backup is away"))
        else:
            index = self.log.append(Entry(self.view, request))
            self._out += self.requests.placed(index, request, origin)

    def _too_few(self) -> bool:
        """Whether a backup is away without which no write is done."""
        away = sum(map(self._silent, self.others))
        if self.settings.replication == "semi-sync":
            return 0 < len(self.others) == away
        return self.settings.replication == "sync" and away > 0

    def _silent(self, other: str) -> bool:
        return self._now.monotonic - self._heard[other] >= self.settings.patience

    def _enter(self) -> None:
        """Begin the present view, as its primary or as a backup."""
        self._out += self.requests.abandon(f"view {self.view} has begun")
        self._out += self.requests.follow(self.primary)
        inherited = self.log.last
        while inherited and self.log.term_at(inherited) == self.view:
            inherited -= 1
        self._inherited = self.log.term_at(inherited) or 0, inherited
        if self.name == self.primary:
            self._next = dict.fromkeys(self.others, self.log.last + 1)
            self._match = dict.fromkeys(self.others, 0)
            self._apply(self._done_at_start())
            self._ship_all()
            self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        else:
            self._wait()

    def _wait(self) -> None:
        if self.settings.failover in ("timeout", "lease"):
            place_in_line = (self.nodes.index(self.name) - self.view) % len(self.nodes)
            self._out.append(SetTimer(TAKEOVER, self.settings.patience * place_in_line + self.settings.head_start))

    def _take_over(self) -> None:
        """Begin the next view of our own: the primary is silent, so it must be dead (it may not be)."""
        view = self._next_view(self.view)
        self._out.append(Log(f"view {self.view}: {self.primary} is silent, taking over with view {view}"))
        self.log.ballot(view, None)
        # An entry of the new view at once, so that whatever others have beyond our log is overwritten there.
        self.log.append(Entry(view, None))
        self._enter()

    def _next_view(self, view: int) -> int:
        """The first view of this node's own after another."""
        return view + 1 + (self.nodes.index(self.name) - view - 1) % len(self.nodes)

    def _ship_all(self) -> None:
        for other in self.others:
            self._ship(other)

    def _ship(self, other: str) -> None:
        """Send what is on our disk and may be missing there. What is not yet on our disk stays: a crash could take it
        back, and another entry would get its place in the same view."""
        first = min(self._next[other], self.log.durable + 1)
        last = first - 1 if self._silent(other) else min(self.log.durable, first + BATCH_MAX - 1)
        entries = self.log.between(first, last)
        before = self.log.term_at(first - 1) or 0
        sent, inherited = self._now.monotonic, self._inherited
        followed, commit, waits_for = self._followed(), self._done(), self._waits_for(other)
        ship = Ship(self.view, first - 1, before, entries, sent, inherited, followed, commit, self._start, waits_for)
        self.log.journal.hold(self.log.ballot_record, Send(other, ship))

    def _done_at_start(self) -> int:
        """The index up to which entries count for a primary when its view begins."""
        return self.log.durable

    def _waits_for(self, other: str) -> int:
        """The start of another node without which this primary acknowledges nothing; 0 if it does."""
        return 0

    def _followed(self) -> bool:
        """Whether a majority follows this primary, so that all have to."""
        return True

    def _on_ship(self, sender: str, ship: Ship) -> None:
        """The backup's side."""
        self._heard[sender] = self._now.monotonic
        if ship.view < self.view and (self.settings.fencing or self.name == self.primary):
            self._answer_ship(sender, ship, ok=False, index=0)
            return
        if ship.view > self.view:
            self._out.append(Log(f"view {self.view}: {sender} has view {ship.view}"))
            self.log.ballot(ship.view, None)
            self._enter()
        self._wait()
        conflict = self.log.conflict(ship.prev_index, ship.prev_view)
        if conflict is not None:
            self._answer_ship(sender, ship, ok=False, index=conflict[0])
            return
        cut = self.log.merge(ship.prev_index, ship.entries)
        if cut is not None and cut <= self.applied:
            self._out.append(Log(f"view {self.view}: entries from {cut} on were applied here and are lost"))
            self.machine, self.applied = type(self.machine)(), 0
        self._answer_ship(sender, ship, ok=True, index=ship.prev_index + len(ship.entries))

    def _answer_ship(self, sender: str, ship: Ship, *, ok: bool, index: int) -> None:
        record = max(self.log.ballot_record, self.log.record_of(index) if ok else 0)
        view = ship.view if ok and not self.settings.fencing else self.view
        self._hold_answer(record, sender, Shipped(view, ok, index, ship.sent, ship.by, self._start))

    def _hold_answer(self, record: int, sender: str, answer: Shipped) -> None:
        """Send an answer once a record is on disk."""
        self.log.journal.hold(record, Send(sender, answer))

    def _on_shipped(self, sender: str, reply: Shipped) -> None:
        """The primary's side."""
        more = self._silent(sender)
        self._heard[sender] = self._now.monotonic
        if reply.view > self.view:
            self._out.append(Log(f"view {self.view}: {sender} has view {reply.view}"))
            self.log.ballot(reply.view, None)
            self._enter()
        if reply.view != self.view or self.name != self.primary:
            return
        if not reply.ok:
            self._next[sender] = max(1, min(reply.index, self.log.last + 1))
            self._ship(sender)
            return
        more = more or reply.index + 1 >= self._next[sender] + BATCH_MAX
        self._match[sender] = max(self._match[sender], reply.index)
        self._next[sender] = max(self._next[sender], reply.index + 1)
        if more and self._next[sender] <= self.log.durable:
            self._ship(sender)

    def _done(self) -> int:
        """The index up to which entries count. For a backup and an asynchronous primary, what is on disk; for a
        semi-synchronous one, what is also on the disk of one backup; for a synchronous one, of all of them. With
        failover, those do not count that are taken for dead."""
        if self.settings.replication == "async" or self.name != self.primary:
            return self.log.durable
        living = self.others
        if self.settings.failover != "none":
            living = tuple(other for other in self.others if not self._silent(other))
        copies = [self._match[other] for other in living]
        if self.settings.replication == "semi-sync" and copies:
            return min(self.log.durable, max(copies))
        return min([self.log.durable, *copies])

    def _apply(self, index: int) -> None:
        while self.applied < index:
            self.applied += 1
            request = self.log.entry(self.applied).request
            response = self.machine.apply(request) if request is not None else None
            self._out += self.requests.applied(self.applied, request, response)
            self._out += applied_marks(self.machine, self.applied, self.log.entry(self.applied))

    def _finish(self) -> Effects:
        """End an event: write, apply what counts, and say what the disk allows to be said."""
        self._out += self.log.journal.flush()
        self.log.settle()
        self._apply(self._done())
        self._out += self.log.journal.released()
        effects, self._out = self._out, []
        return effects
