"""Marks of a Raft server: what it makes known of itself, and the invariants that are watched by it.

The marks are taken from the state at the end of each event, not made by the code that changes it: so a server with a
bug tells the truth about what it does. In the order in which an event makes them:

| mark | values | when |
|---|---|---|
| `applied` | index, (term, session, sequence) of the entry, the server's term | an entry was applied |
| `executed` | (session, sequence), index | it changed the machine: its session had not had it |
| `stored` | index, term of its entry | the log is on disk up to there |
| `recovered` | index, term, vote | what a server found on its disk when it started |
| `promised` | index | an acknowledgement in the present term leaves for another server |
| `term` | term | the present term is on disk |
| `voted` | term, candidate | a vote leaves for another server, or counts for this one |
| `leader` | term, index and term of the last entry before it | the server leads |
| `commit` | index, term of its entry, the term in which this server leads or None | more is known to be committed |
| `read` | term, index applied, index of the leader's first entry, whether by the lease | a leader answers a read |
| `state` | index, digest | the machine after that index |
| `snapshot` | index | a snapshot of another server was installed |
| `deduplicated` | | a request came again, and was not carried out again |
| `stale` | kind of message | a message of an older term came |
"""

from collections.abc import Sequence

from splitbrain.harness.invariants import (
    Invariant,
    Watch,
    done_once,
    never_back,
    one_choice,
    one_entry_an_index,
    one_leader_a_term,
)
from splitbrain.harness.marks import START, MarkEvent
from splitbrain.harness.program import Effect, Mark, Send
from splitbrain.targets.stores.raft.messages import AppendReply, RaftMessage, VoteReply
from splitbrain.targets.stores.raft.server import LEADER, RaftServer


class RaftMarks:
    """Takes the marks of one server."""

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

    def started(self) -> list[Effect]:
        """The marks of a server that has recovered."""
        server = self._server
        log = server.log
        self.seen = self._told_state = server.applied
        self._commit = server.commit
        self._stored, self._term = log.durable, server.term
        return [
            Mark("recovered", log.durable, server.term, log.vote),
            Mark("stored", log.durable, log.term_at(log.durable) or 0),
            Mark("term", self._term),
        ]

    def told(self, to: str, message: RaftMessage) -> None:
        """A message leaves, to another server or to this one."""
        if type(message) is AppendReply:
            if message.ok and message.term == self._server.term and to != self._server.name:
                self._marks.append(Mark("promised", message.index))
        elif type(message) is VoteReply and message.granted and not message.trial:
            self._marks.append(Mark("voted", message.term, to))

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
            while request is not None and at < len(executed) and executed[at] == name:
                self._marks.append(Mark("executed", name, index))
                at += 1
        server.machine.executed = []
        self.seen = server.applied

    def changes(self, effects: Sequence[Effect], inherited: int) -> list[Effect]:
        """All marks of an event. effects: what it does. inherited: the last index before the leader's own first."""
        server = self._server
        for effect in effects:
            if type(effect) is Send:
                self.told(effect.to, effect.message)
        marks, self._marks, log = self._marks, [], server.log
        if log.durable != self._stored:
            self._stored = log.durable
            marks.insert(0, Mark("stored", self._stored, log.term_at(self._stored) or 0))
        if log.term != self._term and log.ballot_record <= log.journal.durable:
            self._term = server.term
            marks.append(Mark("term", self._term))
        if server.role == LEADER and server.term != self._led:
            self._led = server.term
            marks.append(Mark("leader", server.term, inherited, log.term_at(inherited) or 0))
        if server.commit != self._commit:
            self._commit = server.commit
            led = server.term if server.role == LEADER else None
            marks.append(Mark("commit", self._commit, log.term_at(self._commit) or 0, led))
        if server.applied != self._told_state:
            self._told_state = server.applied
            marks.append(Mark("state", server.applied, server.machine.digest))
        if server.machine.deduplicated != self._deduplicated:
            self._deduplicated = server.machine.deduplicated
            if server.role == LEADER:
                marks.append(Mark("deduplicated"))
        return marks


def elected_by_majority() -> Invariant:
    """A leader was voted for in its term by a majority of all servers (§5.2)."""

    def watch() -> Watch:
        servers: dict[str, None] = {}
        votes: dict[tuple[int, str], dict[str, None]] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                servers[event.node] = None
            elif event.name == "voted":
                votes.setdefault((event.values[0], event.values[1]), {})[event.node] = None
            else:
                term = event.values[0]
                given = votes.get((term, event.node), {})
                if len(given) <= len(servers) // 2:
                    voters = ", ".join(given) or "nobody"
                    return f"{event.node} leads in term {term} by the votes of {voters}, of {len(servers)} servers"
            return None

        return see

    return Invariant("elected by a majority", (START, "voted", "leader"), watch)


def stored_by_majority() -> Invariant:
    """What a server applies first is on the disks of a majority of all servers (§5.3)."""

    def watch() -> Watch:
        stored: dict[str, tuple[int, int]] = {}
        highest = 0

        def see(event: MarkEvent) -> str | None:
            nonlocal highest
            if event.name == START:
                stored.setdefault(event.node, (0, 0))
                return None
            if event.name == "stored":
                stored[event.node] = event.values
                return None
            index, entry, _ = event.values
            if index <= highest:
                return None
            highest = index
            # Terms never fall along a log, so a log that ends in an older term does not have the entry.
            having = [node for node, (last, term) in stored.items() if last >= index and term >= entry[0]]
            if len(having) > len(stored) // 2:
                return None
            where = ", ".join(having) or "nobody"
            return f"{event.node} applies index {index}, which only {where} of {len(stored)} servers has on disk"

        return see

    return Invariant("stored by a majority", (START, "stored", "applied"), watch)


def complete_leader() -> Invariant:
    """A new leader's log holds all that was applied in earlier terms (Leader Completeness, Figure 3)."""

    def watch() -> Watch:
        latest: MarkEvent | None = None

        def see(event: MarkEvent) -> str | None:
            nonlocal latest
            if event.name == "applied":
                if latest is None or event.values[0] > latest.values[0]:
                    latest = event
                return None
            term, last_index, last_term = event.values
            if latest is None or term <= latest.values[2]:
                return None
            index, entry, _ = latest.values
            if (last_term, last_index) >= (entry[0], index):
                return None
            return (
                f"{event.node} leads in term {term} with a log that ends at index {last_index} of term {last_term}, "
                f"but {latest.node} had applied index {index} of term {entry[0]}"
            )

        return see

    return Invariant("a leader has all that was applied", ("applied", "leader"), watch)


def commits_own_term() -> Invariant:
    """A leader commits by counting copies of an entry of its own term only (§5.4.2, Figure 8)."""

    def see(event: MarkEvent) -> str | None:
        index, term, led = event.values
        if led in (None, term):
            return None
        return f"{event.node} leads in term {led} and commits index {index}, whose entry is of term {term}"

    return Invariant("a leader commits entries of its own term", ("commit",), lambda: see)


def keeps_what_was_stored() -> Invariant:
    """A server finds on its disk what was there: its vote, and its log (§5.2, Figure 2: persistent state)."""

    def watch() -> Watch:
        stored: dict[str, int] = {}
        voted: dict[str, tuple[int, str]] = {}

        def see(event: MarkEvent) -> str | None:
            node = event.node
            if event.name == "stored":
                stored[node] = event.values[0]
            elif event.name == "voted":
                voted[node] = max(voted.get(node, (0, "")), event.values)
            else:
                index, term, vote = event.values
                told_term, told_vote = voted.get(node, (0, ""))
                if index < stored.get(node, 0):
                    return f"{node} finds a log that ends at index {index}, and index {stored[node]} was on its disk"
                if term < told_term or (term == told_term and told_vote and vote != told_vote):
                    told = f"it has voted for {told_vote} in term {told_term}"
                    return f"{node} finds term {term} and a vote for {vote or 'nobody'}; {told}"
            return None

        return see

    return Invariant("a server finds what it stored", ("stored", "voted", "recovered"), watch)


def promises_what_is_stored() -> Invariant:
    """A server acknowledges what is on its disk, and nothing else (§5.3)."""

    def watch() -> Watch:
        stored: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            index = event.values[0]
            if event.name == "stored":
                stored[event.node] = index
            elif index > stored.get(event.node, 0):
                return f"{event.node} acknowledges index {index}, with index {stored.get(event.node, 0)} on its disk"
            return None

        return see

    return Invariant("acknowledged is on disk", ("stored", "promised"), watch)


def reads_while_leading() -> Invariant:
    """A leader answers reads once an entry of its own is applied, and by its lease only while nobody leads in a later
    term (thesis §6.4)."""

    def watch() -> Watch:
        latest: MarkEvent | None = None

        def see(event: MarkEvent) -> str | None:
            nonlocal latest
            if event.name == "leader":
                if latest is None or event.values[0] > latest.values[0]:
                    latest = event
                return None
            term, applied, first, by_lease = event.values
            if applied < first:
                return (
                    f"{event.node} answers a read at index {applied}, before its own first entry, {first}, is applied"
                )
            if by_lease and latest is not None and latest.values[0] > term:
                leader = f"{latest.node} leads in term {latest.values[0]}"
                return f"{event.node} answers a read in term {term} without asking anybody, and {leader}"
            return None

        return see

    return Invariant("reads of a leader", ("leader", "read"), watch)


INVARIANTS: Sequence[Invariant] = (
    one_leader_a_term(),
    elected_by_majority(),
    one_choice("voted"),
    never_back("term"),
    never_back("commit", durable=False),
    never_back("state", durable=False),
    keeps_what_was_stored(),
    promises_what_is_stored(),
    stored_by_majority(),
    commits_own_term(),
    reads_while_leading(),
    complete_leader(),
    one_entry_an_index("applied"),
    one_entry_an_index("state"),
    done_once("executed"),
)
"""What Raft promises of its servers: the properties of Figure 3, and what they rest on."""
