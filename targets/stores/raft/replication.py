"""Log replication (Raft §5.3, §5.4.2) and snapshots for those who are far behind (§7).

A leader sends each follower what it may be missing: new entries at once, unless the follower still owes an answer for
earlier ones; then with that answer, many in one message, or with the next heartbeat. A follower that disagrees says
where, and the leader goes back (the fast way, end of §5.3).
Pitfall (Figure 8): an entry of an earlier term is never committed by counting
its copies, only by committing an entry of the leader's own term behind it.
"""

from splitbrain.targets.stores.messages import Entry
from splitbrain.targets.stores.raft.members import CONFIGURATION
from splitbrain.targets.stores.raft.messages import AppendReply, AppendRequest, SnapshotRequest
from splitbrain.targets.stores.raft.rounds import LeaderRounds
from splitbrain.targets.stores.raft.server import LEADER, RaftServer

TIMER = "heartbeat"
BATCH_MAX = 200
"""Entries in one message, at most."""


class Replication(LeaderRounds):
    """The replication part of a server: what a leader knows of its followers, and what a follower does."""

    def __init__(self, server: RaftServer) -> None:
        super().__init__(server)
        self._next: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        """The last index that was sent to each follower; it owes an answer for what is not below `_next`."""
        self._match: dict[str, int] = {}
        self._contact: dict[str, int] = {}
        self._snapshot_due: dict[str, int] = {}
        """The time at which a follower may be sent a snapshot again."""
        self._first = 0

    @property
    def established(self) -> bool:
        """Whether an entry of this leader's own term is committed: only then it knows what is (thesis §6.4)."""
        return self._server.commit >= self._first

    @property
    def inherited(self) -> int:
        """The last index of the log with which this leader was elected."""
        return self._first - 1

    @property
    def known(self) -> tuple[tuple[str, int], ...]:
        """The index up to which each server's log, this one included, is known to be on its disk."""
        return tuple(self._match.items())

    def has_up_to(self, other: str) -> int:
        """The index up to which another member is known to have the log on its disk; -1 if it is none."""
        return self._match.get(other, -1)

    def lead(self) -> None:
        """Become leader: nothing is known of the others, and a first entry of the new term says so to all (§8)."""
        server = self._server
        server.role, server.leader = LEADER, server.name
        server.say("leading")
        self._match = {server.name: 0}
        self._next, self._sent, self._contact, self._snapshot_due = {}, {}, {}, {}
        self._begin_rounds()
        self.meet()
        self._first = server.log.last + 1
        self.place(Entry(server.term, None))
        server.set_timer(TIMER, server.settings.heartbeat)

    def meet(self) -> None:
        """Know nothing of members that are new, and forget those that are none any more."""
        server, now = self._server, self._server.now.monotonic
        known = self._next, self._sent, self._match, self._contact, self._answered, self._snapshot_due
        for gone in [other for other in self._next if other not in server.others]:
            for one in known:
                del one[gone]
        for new in [other for other in server.others if other not in self._next]:
            for one, value in zip(known, (server.log.last + 1, 0, 0, now, 0, now), strict=True):
                one[new] = value

    def place(self, entry: Entry) -> int:
        """Append an entry of the leader's own and send it to all who owe no answer; its index."""
        server = self._server
        index = server.log.append(entry)
        if entry.request is not None and entry.request.f == CONFIGURATION:
            server.adopt(index, (entry,))
            self.meet()
        self._promise_own(index)
        self._open_round()
        for other in server.others:
            if self._sent[other] < self._next[other]:
                self._tell(other)
        self._confirm()
        return index

    def _promise_own(self, index: int) -> None:
        """Acknowledge an entry to itself, when it is on disk."""
        server = self._server
        server.promise(server.name, AppendReply(server.term, 0, ok=True, index=index), index)

    def broadcast(self) -> None:
        """Open a round: tell every follower what it may be missing, and that this server leads."""
        self._open_round()
        for other in self._server.others:
            self._tell(other)
        self._confirm()

    def _tell(self, other: str) -> None:
        server = self._server
        first = self._next[other]
        if first <= server.log.base:
            self._tell_snapshot(other)
            return
        last = first - 1 if self._silent(other) else min(server.log.last, first + BATCH_MAX - 1)
        log = server.log
        entries = log.between(first, last)
        self._sent[other] = last
        prev_term = log.term_at(first - 1) or 0
        server.send(other, AppendRequest(log.term, first - 1, prev_term, entries, server.commit, self.round))

    def _tell_snapshot(self, other: str) -> None:
        """Send the whole state, but not while the last one may still be on its way: then it is a heartbeat."""
        server = self._server
        if server.now.monotonic < self._snapshot_due[other] or self._silent(other):
            base = server.log.base
            server.send(other, AppendRequest(server.term, base, server.log.base_term, (), server.commit, self.round))
            return
        self._snapshot_due[other] = server.now.monotonic + 2 * server.settings.heartbeat
        index = self._snapshot_index()
        last_term = server.log.term_at(index) or 0
        self._send_snapshot(other, SnapshotRequest(server.term, index, last_term, server.dump(), self.round))

    def _send_snapshot(self, other: str, snapshot: SnapshotRequest) -> None:
        """Send it as the follower understands it."""
        self._server.send(other, snapshot)

    def _snapshot_index(self) -> int:
        """The index that the machine stands for."""
        return self._server.applied

    def _silent(self, other: str) -> bool:
        """Whether a follower has not answered for long: it then gets bare heartbeats, not the same entries anew."""
        return self._server.now.monotonic - self._contact[other] >= self._server.settings.election_max

    def on_heartbeat(self) -> None:
        """Time to be heard again, or to step down when a majority has been silent for too long (thesis §6.2)."""
        server = self._server
        if server.role != LEADER:
            return
        silent = sum(map(self._silent, server.other_voters))
        if len(server.voters) - silent < server.majority:
            server.follow(server.term)
            return
        self.broadcast()
        server.set_timer(TIMER, server.settings.heartbeat)

    def on_request(self, sender: str, request: AppendRequest) -> bool:
        """The follower's side. Whether the sender is the leader of the present term."""
        server = self._server
        if self._refused(sender, request):
            return False
        server.follow(request.term, sender)
        log = server.log
        conflict = log.conflict(request.prev_index, request.prev_term)
        if conflict is not None:
            index, hint = conflict
            server.promise(sender, AppendReply(server.term, request.round, ok=False, index=index, hint=hint))
            return True
        busy = log.journal.durable < log.journal.written
        cut = log.merge(request.prev_index, request.entries)
        server.adopt(request.prev_index + 1, request.entries, cut)
        if cut is not None and cut <= server.commit:
            server.say(f"entry {cut} was committed and is overwritten: some disk has lost what it promised")
        matched = request.prev_index + len(request.entries)
        server.commit = self._committed(request.commit, matched)
        if busy:
            self._tell_durable(sender, request.round, matched)
        self._acknowledge(sender, request.round, matched)
        return True

    def _refused(self, sender: str, request: AppendRequest | SnapshotRequest) -> bool:
        """Whether a request is of an older term; then its sender is told, without the round: the sender may lead again,
        and counts its rounds anew."""
        server = self._server
        if request.term >= server.log.term:
            return False
        server.promise(sender, AppendReply(server.term, 0, ok=False, index=0))
        return True

    def _committed(self, leaders: int, matched: int) -> int:
        """The commit index of a follower, by the leader's, with whose log its own agrees up to `matched`."""
        known = leaders if leaders < matched else matched
        return known if known > self._server.commit else self._server.commit

    def on_snapshot(self, sender: str, request: SnapshotRequest) -> bool:
        """The follower's side of a snapshot. Whether the sender is the leader of the present term."""
        server = self._server
        if self._refused(sender, request):
            return False
        server.follow(request.term, sender)
        if self._newer(request):
            server.say(f"installing a snapshot of index {request.index}")
            server.log.install(request.index, request.last_term, request.state)
            server.restore(request.index, request.state)
        server.promise(sender, AppendReply(server.term, request.round, ok=True, index=request.index), request.index)
        return True

    def _newer(self, request: SnapshotRequest) -> bool:
        """Whether a snapshot has more than this server."""
        return request.index > self._server.applied

    def _tell_durable(self, leader: str, number: int, matched: int) -> None:
        """Tell the leader at once how far it is while the disk is busy: a slow disk must not look like silence."""
        server = self._server
        durable = server.log.durable
        if durable < matched:
            server.promise(leader, AppendReply(server.term, number, ok=True, index=durable), durable)

    def _acknowledge(self, leader: str, number: int, matched: int) -> None:
        """Acknowledge the entries up to an index, when they are on disk."""
        server = self._server
        server.promise(leader, AppendReply(server.log.term, number, ok=True, index=matched), matched)

    def on_reply(self, sender: str, reply: AppendReply) -> None:
        """The leader's side: a follower, or its own disk, has answered."""
        server = self._server
        if reply.term > server.log.term:
            server.follow(reply.term)
        if server.role != LEADER or not self._current(reply) or sender not in self._match:
            return
        if not reply.ok and not reply.index:
            return  # It refused a request of an older term, in which this server led too.
        if sender != server.name:
            self._contact[sender] = server.now.monotonic
            if reply.round > self._answered[sender]:
                self._answered[sender] = reply.round
                self._confirm()
            if not reply.ok:
                self._go_back(sender, reply)
                return
            following = self._next[sender]
            if following <= reply.index:
                following = self._next[sender] = reply.index + 1
            if self._sent[sender] < following <= server.log.last and self._useful(sender):
                self._tell(sender)
        matched = self._acknowledged(reply)
        if matched > self._match[sender]:
            self._match[sender] = matched
            self._count()

    def _current(self, reply: AppendReply) -> bool:
        """Whether it answers a request of the present term."""
        return reply.term == self._server.log.term

    def _go_back(self, follower: str, reply: AppendReply) -> None:
        """Go back, as the logs disagree, to the end of the term that the follower has there if we have that term too,
        else to the beginning of that term."""
        last_of_hint = self._server.log.last_of(reply.hint) if reply.hint else None
        index = reply.index if last_of_hint is None else last_of_hint + 1
        self._next[follower] = max(1, min(index, self._server.log.last + 1))
        if self._useful(follower):
            self._tell(follower)

    def _useful(self, follower: str) -> bool:
        """Whether a follower that has answered can be told something new: entries, or a snapshot if one is due.
        Pitfall: it answers a heartbeat at once while its disk is busy, and so the two would go on."""
        server = self._server
        return self._next[follower] > server.log.base or server.now.monotonic >= self._snapshot_due[follower]

    def _acknowledged(self, reply: AppendReply) -> int:
        """The index up to which it acknowledges the leader's log."""
        return reply.index

    def _count(self) -> None:
        """Commit what a majority has on disk, if it is of this term (§5.4.2)."""
        server = self._server
        index = self._on_majority()
        if index > server.commit and self._countable(index):
            server.commit = index

    def _on_majority(self) -> int:
        """The index up to which a majority has the log on disk."""
        server = self._server
        return sorted([self._match[voter] for voter in server.voters], reverse=True)[server.majority - 1]

    def _countable(self, index: int) -> bool:
        """Whether the copies of an entry count (§5.4.2)."""
        return self._server.log.term_at(index) == self._server.term
