"""Marks of a Raft server: what it makes known of itself, and the invariants that are watched by it.

The marks are taken from the state at the end of each event, not made by the code that changes it: so a server with a
bug tells the truth about what it does. In the order in which an event makes them:

| mark | values | when |
|---|---|---|
| `applied` | index, (term, session, sequence) of the entry, the server's term | an entry was applied |
| `executed` | (session, sequence), index | it changed the machine: its session had not had it |
| `stored` | index | the log is on disk up to there |
| `term` | term | the present term is on disk |
| `voted` | term, candidate | a vote leaves for another server, or counts for this one |
| `leader` | term, index and term of the last entry before it | the server leads |
| `commit` | index | more entries are known to be committed |
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
from splitbrain.targets.stores.raft.messages import RaftMessage, VoteReply
from splitbrain.targets.stores.raft.server import LEADER, Server


class RaftMarks:
    """Takes the marks of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._marks: list[Effect] = []
        self._applied = 0
        self._told_state = 0
        self._stored = 0
        self._term = 0
        self._led = 0
        self._commit = 0
        self._deduplicated = 0

    def started(self) -> list[Effect]:
        """The marks of a server that has recovered."""
        server = self._server
        self._applied = self._told_state = server.applied
        self._stored, self._term = server.log.durable, server.term
        return [Mark("stored", self._stored), Mark("term", self._term)]

    def told(self, to: str, message: RaftMessage) -> None:
        """A message leaves, to another server or to this one."""
        if type(message) is VoteReply and message.granted and not message.trial:
            self._marks.append(Mark("voted", message.term, to))

    def applied(self) -> None:
        """Look at what was applied. Asked while the entries are still in the log."""
        server = self._server
        if self._applied == server.applied:
            return
        if server.log.base > self._applied:
            self._marks.append(Mark("snapshot", server.log.base))
        executed = server.machine.executed
        at = 0
        for index in range(max(self._applied, server.log.base) + 1, server.applied + 1):
            entry = server.log.entry(index)
            request = entry.request
            name = (request.session, request.sequence) if request is not None else ("", 0)
            self._marks.append(Mark("applied", index, (entry.term, *name), server.term))
            while request is not None and at < len(executed) and executed[at] == name:
                self._marks.append(Mark("executed", name, index))
                at += 1
        server.machine.executed = []
        self._applied = server.applied

    def changes(self, effects: Sequence[Effect], inherited: int) -> list[Effect]:
        """All marks of an event. effects: what it does. inherited: the last index before the leader's own first."""
        server = self._server
        for effect in effects:
            if type(effect) is Send:
                self.told(effect.to, effect.message)
        marks, self._marks = self._marks, []
        log = server.log
        if log.durable != self._stored:
            self._stored = log.durable
            marks.insert(0, Mark("stored", self._stored))
        if server.term != self._term and log.ballot_record <= log.journal.durable:
            self._term = server.term
            marks.append(Mark("term", self._term))
        if server.role == LEADER and server.term != self._led:
            self._led = server.term
            marks.append(Mark("leader", server.term, inherited, log.term_at(inherited) or 0))
        if server.commit != self._commit:
            self._commit = server.commit
            marks.append(Mark("commit", self._commit))
        if server.applied != self._told_state:
            self._told_state = server.applied
            marks.append(Mark("state", server.applied, server.machine.digest))
        if server.machine.deduplicated != self._deduplicated:
            self._deduplicated = server.machine.deduplicated
            if server.role == LEADER:
                marks.append(Mark("deduplicated"))
        return marks


def elected_by_majority() -> Invariant:
    """Whoever leads was voted for in its term by a majority of all servers (§5.2)."""

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
        stored: dict[str, int] = {}
        highest = 0

        def see(event: MarkEvent) -> str | None:
            nonlocal highest
            if event.name == START:
                stored.setdefault(event.node, 0)
                return None
            index = event.values[0]
            if event.name == "stored":
                stored[event.node] = index
                return None
            if index <= highest:
                return None
            highest = index
            having = [node for node, last in stored.items() if last >= index]
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


INVARIANTS: Sequence[Invariant] = (
    one_leader_a_term(),
    elected_by_majority(),
    one_choice("voted"),
    never_back("term"),
    never_back("commit", durable=False),
    stored_by_majority(),
    complete_leader(),
    one_entry_an_index("applied"),
    one_entry_an_index("state"),
    done_once("executed"),
)
"""What Raft promises of its servers: the properties of Figure 3, and what they rest on."""
