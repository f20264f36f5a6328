"""Marks of a Raft server: what it makes known of itself.

The marks are taken from the state at the end of each event, not made by the code that changes it: so a server with a
bug tells the truth about what it does. In the order in which an event makes them:

| mark | values | when |
|---|---|---|
| `applied` | index, (term, session, sequence) of the entry, the server's term | an entry was applied |
| `changed` | index, voters | that entry was a configuration |
| `executed` | (session, sequence), index | it changed the machine: its session had not had it |
| `answered` | session, sequence | a client hears that its change was made, or that a precondition did not hold |
| `configuration` | index, voters, the same of the one before, commit and its term, term led | the latest one changed |
| `stored` | index, term of its entry, the server's term | the log is on disk up to there |
| `recovered` | index, term, vote | what a server found on its disk when it started |
| `promised` | index, term | an acknowledgement in the present term leaves for another server, other than the last |
| `term` | term | the present term is on disk |
| `acknowledged` | index, term | an acknowledgement in a term that the server has left meanwhile leaves |
| `chosen` | term, candidate, term and index of the last entry, whether a leader is heard | a server decides to vote |
| `handed-over` | term, server | a leader steps down for the server that is to lead |
| `voted` | term, candidate | a vote leaves for another server, or counts for this one |
| `leader` | term, index and term of the last entry before it | the server leads |
| `commit` | index, term of its entry, the term in which this server leads or None | more is known to be committed |
| `known` | term, (server, index) of each | up to which index a leader takes its entries to be on which disk |
| `read` | term, index applied, index of the leader's first entry, whether by the lease | a leader answers a read |
| `state` | index, digest | the machine after that index |
| `snapshot` | index | a snapshot of another server was installed |
| `deduplicated` | | a request came again, and was not carried out again |
| `expired` | | a request was not carried out, for its session has expired |
| `stale` | kind of message | a message of an older term came |
"""

from collections.abc import Sequence

from splitbrain.harness.program import Effect, Mark, Reply, Send
from splitbrain.targets.stores.messages import PRECONDITION, Request
from splitbrain.targets.stores.raft.members import RaftMembers, members_in
from splitbrain.targets.stores.raft.messages import AppendReply, RaftMessage, VersionedReply, VoteReply
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import LEADER, RaftServer

ANSWERS = (AppendReply, VersionedReply, VoteReply)
"""Messages that promise something."""
DONE = (None, PRECONDITION)
"""Errors of an answer that comes from the machine."""
ASKED_MAX = 10_000
"""Requests of clients whose answer is looked for, at most."""


class RaftMarks:
    """The marks of one server, as it makes them."""

    def __init__(self, server: RaftServer) -> None:
        self._server = server
        self._marks: list[Effect] = []
        self.seen = 0
        """The index up to which it has looked at what was applied."""
        self._told_state = 0
        self._stored = 0
        self._term = 0
        self._led = 0
        self._commit = 0
        self._deduplicated = 0
        self._vote: str | None = None
        self._vote_term = 0
        self._begun = 0
        self._asked: dict[int, tuple[str, int]] = {}
        """Of the open requests that change something: handle → session and sequence."""
        self._members: RaftMembers | None = None
        """The configuration that was told."""
        self._promised = (-1, 0, 0)
        """Index and term of the last promise, and the index up to which the log was on disk then."""

    def started(self) -> list[Effect]:
        """The marks of a server that has recovered."""
        server = self._server
        log = server.log
        self.seen = self._told_state = server.applied
        self._commit = server.commit
        self._stored, self._term = log.durable, server.term
        self._vote, self._vote_term, self._begun = log.vote, server.term, server.now.monotonic
        return [
            Mark("recovered", log.durable, server.term, log.vote),
            Mark("stored", log.durable, log.term_at(log.durable) or 0, server.term),
            Mark("term", self._term),
            *self._configured(),
        ]

    def told(self, to: str, message: RaftMessage) -> None:
        """Mark a message that leaves, to another server or to this one."""
        if isinstance(message, AppendReply):
            if not message.ok or to == self._server.name:
                return
            if message.term != self._server.log.term:
                self._marks.append(Mark("acknowledged", message.index, message.term))
                return
            promised = (message.index, message.term, self._stored)
            if promised != self._promised:  # else it was said before of a log that has not changed
                self._promised = promised
                self._marks.append(Mark("promised", message.index, message.term))
        elif type(message) is VoteReply and message.granted and not message.trial:
            self._marks.append(Mark("voted", message.term, to))

    def asked(self, handle: int, request: Request) -> None:
        """Remember a client's request."""
        if request.f != "read":
            self._asked[handle] = request.session, request.sequence
            if len(self._asked) > ASKED_MAX:
                del self._asked[next(iter(self._asked))]

    def _answered(self, reply: Reply) -> None:
        """Mark the answer to a client."""
        name = self._asked.pop(reply.request, None)
        if name is not None and reply.message.error in DONE:
            self._marks.append(Mark("answered", *name))

    def applied(self) -> None:
        """Look at what was applied. Asked while the entries are still in the log."""
        server = self._server
        if self.seen == server.applied:
            return
        if server.log.base > self.seen:
            self._marks.append(Mark("snapshot", server.log.base))
        executed = server.machine.executed
        at = 0
        for index in range(max(self.seen, server.log.base) + 1, server.applied + 1):
            entry = server.log.entry(index)
            request = entry.request
            name = (request.session, request.sequence) if request is not None else ("", 0)
            self._marks.append(Mark("applied", index, (entry.term, *name), server.term))
            members = members_in(index, entry)
            if members is not None:
                self._marks.append(Mark("changed", index, members.voters))
            while request is not None and at < len(executed) and executed[at] == name:
                self._marks.append(Mark("executed", name, index))
                at += 1
        server.machine.executed = []
        self.seen = server.applied

    def changes(self, effects: Sequence[Effect], replication: Replication) -> list[Effect]:
        """All marks of an event. effects: what it does. replication: of the same server."""
        server = self._server
        for effect in effects:
            if type(effect) is Send and type(effect.message) in ANSWERS:
                self.told(effect.to, effect.message)
            elif type(effect) is Reply:
                self._answered(effect)
        marks, self._marks, log = self._marks, [], server.log
        durable = log.durable
        if log.vote != self._vote or log.term != self._vote_term:
            self._vote, self._vote_term = log.vote, log.term
            if log.vote is not None:
                last = log.term_at(log.last) or 0, log.last
                marks.insert(0, Mark("chosen", log.term, log.vote, *last, self._hears_leader()))
        if server.configurations[-1] is not self._members:
            marks[:0] = self._configured()
        if durable != self._stored:
            self._stored = durable
            marks.insert(0, Mark("stored", self._stored, log.term_at(self._stored) or 0, server.term))
        if log.term != self._term and log.ballot_record <= log.journal.durable:
            self._term = server.term
            marks.append(Mark("term", self._term))
        if server.role == LEADER and log.term != self._led:
            self._led = log.term
            inherited = replication.inherited
            marks.append(Mark("leader", server.term, inherited, log.term_at(inherited) or 0))
        if server.commit != self._commit:
            self._commit = server.commit
            led = server.term if server.role == LEADER else None
            marks.append(Mark("commit", self._commit, log.term_at(self._commit) or 0, led))
            if led is not None:
                marks.append(Mark("known", led, *replication.known))
        machine = server.machine
        if server.applied != self._told_state or machine.deduplicated != self._deduplicated or machine.refused:
            self._add_of_machine(marks)
        return marks

    def _configured(self) -> list[Mark]:
        """The mark of the latest configuration in the log, unless it is the one that the cluster began with."""
        server, log, told = self._server, self._server.log, self._members
        latest, *before = server.configurations[:-3:-1]
        self._members = latest
        if told is None and latest.index == 0 and latest.voters:
            return []
        # What was before is known where it is in the log, too; behind a snapshot it is not, nor to a newcomer.
        previous = (before[0].index, before[0].voters) if before and before[0].voters else (None, ())
        committed = (server.commit, log.term_at(server.commit) or 0)
        led = server.term if server.role == LEADER else None
        return [Mark("configuration", latest.index, latest.voters, previous, committed, led)]

    def _add_of_machine(self, marks: list[Effect]) -> None:
        """Add the marks of what became of the machine."""
        server = self._server
        machine = server.machine
        if server.applied != self._told_state:
            self._told_state = server.applied
            marks.append(Mark("state", server.applied, machine.digest))
        if machine.deduplicated != self._deduplicated:
            self._deduplicated = machine.deduplicated
            if server.role == LEADER:
                marks.append(Mark("deduplicated"))
        if machine.refused:
            machine.refused = 0
            if server.role == LEADER:
                marks.append(Mark("expired"))

    def _hears_leader(self) -> bool:
        """Whether the server has heard a leader, or started, within the shortest election timeout."""
        server = self._server
        return server.now.monotonic - max(server.heard, self._begun) < server.settings.election_min
