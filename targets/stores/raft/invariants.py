"""Invariants of Raft, watched while a simulated run goes on: Figure 3, and what it rests on. The table of `marks` says
what each mark tells."""

from collections import OrderedDict
from collections.abc import Sequence

from splitbrain.harness.invariants import (
    Invariant,
    Latest,
    Watch,
    done_once,
    never_back,
    one_choice,
    one_entry_an_index,
    one_leader_a_term,
)
from splitbrain.harness.marks import EMPTIED, MarkEvent
from splitbrain.targets.stores.raft.configurations import (
    changes_one_at_a_time,
    elected_by_majority,
    knows_the_configuration,
    stored_by_majority,
)

SESSIONS = 50_000
"""Sessions that are remembered."""


def complete_leader() -> Invariant:
    """All that was applied in earlier terms, held by a new leader's log (Leader Completeness, Figure 3)."""

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
    """Commits by counting copies of an entry of the leader's own term only (§5.4.2, Figure 8)."""

    def see(event: MarkEvent) -> str | None:
        index, term, led = event.values
        if led in (None, term):
            return None
        return f"{event.node} leads in term {led} and commits index {index}, whose entry is of term {term}"

    return Invariant("a leader commits entries of its own term", ("commit",), lambda: see)


def keeps_what_was_stored() -> Invariant:
    """All that was on a server's disk, found there again: its vote, and its log (§5.2, Figure 2: persistent state)."""

    def watch() -> Watch:
        stored: dict[str, int] = {}
        voted: dict[str, tuple[int, str]] = {}

        def see(event: MarkEvent) -> str | None:
            node = event.node
            if event.name == EMPTIED:
                stored.pop(node, None)
                voted.pop(node, None)
            elif event.name == "stored":
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

    return Invariant("a server finds what it stored", (EMPTIED, "stored", "voted", "recovered"), watch)


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


def votes_in_present_term() -> Invariant:
    """No vote of a server in a term that is older than one it has entered (Figure 2: reply false if term <
    currentTerm)."""

    def watch() -> Watch:
        entered: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == EMPTIED:
                entered.pop(event.node, None)
                return None
            term = event.values[0]
            if event.name == "term":
                entered[event.node] = term
            elif term < entered.get(event.node, 0):
                return f"{event.node} votes for {event.values[1]} in term {term} after term {entered[event.node]}"
            return None

        return see

    return Invariant("votes in the present term", (EMPTIED, "term", "voted"), watch)


def keeps_what_it_promised() -> Invariant:
    """Promises kept: an entry that a server has acknowledged stays on its disk as long as the term lasts, for its one
    leader takes nothing back (§5.3, Leader Append-Only and Log Matching)."""

    def watch() -> Watch:
        promised: dict[str, tuple[int, int]] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == EMPTIED:
                promised.pop(event.node, None)
                return None
            told_term, told = promised.get(event.node, (0, 0))
            if event.name == "promised":
                index, term = event.values
                promised[event.node] = (term, max(index, told) if term == told_term else index)
                return None
            index, _, term = event.values
            if term != told_term or index >= told:
                return None
            return f"{event.node} has index {index} on disk, and has acknowledged index {told} in the same term, {term}"

        return see

    return Invariant("acknowledged stays", (EMPTIED, "stored", "promised"), watch)


def votes_by_rule() -> Invariant:
    """Votes for a log at least as up to date as the voter's own (§5.4.1), and for nobody while a leader is heard
    (thesis §4.2.3), but one to whom the leader of the term before has handed over (thesis §3.10)."""

    def watch() -> Watch:
        terms: Latest[dict[str, tuple[int, int]]] = Latest()
        chosen: dict[int, str] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == "handed-over":
                chosen.setdefault(event.values[0] + 1, event.values[1])
                return None
            term, candidate, last_term, last_index, hears_leader = event.values
            if hears_leader and chosen.get(term) != candidate:
                return f"{event.node} votes for {candidate} in term {term} and hears a leader, or has just started"
            ends = terms.setdefault(term, {})
            if ends is None:
                return None
            if event.node == candidate:
                ends[candidate] = (last_term, last_index)
            end = ends.get(candidate)
            if end is None or (last_term, last_index) <= end:
                return None
            return (
                f"{event.node}, whose log ends at index {last_index} of term {last_term}, votes in term {term} for "
                f"{candidate}, whose log ends at index {end[1]} of term {end[0]}"
            )

        return see

    return Invariant("votes by the rules", ("chosen", "handed-over"), watch)


def knows_what_was_acknowledged() -> Invariant:
    """Knowledge of followers: what a leader takes to be on the disk of another server was acknowledged in its term
    (Figure 2: matchIndex begins at 0)."""

    def watch() -> Watch:
        terms: Latest[dict[str, int]] = Latest()

        def see(event: MarkEvent) -> str | None:
            acknowledged = terms.setdefault(event.values[1 if event.name != "known" else 0], {})
            if acknowledged is None:
                return None
            if event.name != "known":
                acknowledged[event.node] = max(event.values[0], acknowledged.get(event.node, 0))
                return None
            term, *known = event.values
            for server, index in known:
                told = acknowledged.get(server, 0)
                if server != event.node and index > told:
                    return (
                        f"{event.node} leads in term {term} and takes index {index} to be on the disk of {server}, "
                        f"which has acknowledged index {told} in that term"
                    )
            return None

        return see

    return Invariant("a leader knows what was acknowledged", ("promised", "acknowledged", "known"), watch)


def reads_while_leading() -> Invariant:
    """Reads answered by a leader once an entry of its own is applied, and by its lease only while nobody leads in a
    later term (thesis §6.4)."""

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


def answers_what_was_applied() -> Invariant:
    """Changes answered by the machine, each once it is applied (§5.3); so is a refusal by its precondition. A session
    numbers its requests upwards, so of each the highest that was applied is remembered."""

    def watch() -> Watch:
        applied: OrderedDict[str, int] = OrderedDict()
        forgotten = False

        def see(event: MarkEvent) -> str | None:
            nonlocal forgotten
            if event.name == "applied":
                _, session, sequence = event.values[1]
                if applied.get(session, -1) < sequence:
                    applied[session] = sequence
                    applied.move_to_end(session)
                    if len(applied) > SESSIONS:
                        applied.popitem(last=False)
                        forgotten = True
                return None
            session, sequence = event.values
            if applied.get(session, sequence if forgotten else -1) >= sequence:
                return None
            return f"{event.node} answers request {sequence} of session {session}, which no server has applied"

        return see

    return Invariant("answered is applied", ("applied", "answered"), watch)


INVARIANTS: Sequence[Invariant] = (
    one_leader_a_term(),
    elected_by_majority(),
    one_choice("voted"),
    votes_in_present_term(),
    votes_by_rule(),
    never_back("term"),
    never_back("commit", durable=False),
    never_back("state", durable=False),
    keeps_what_was_stored(),
    promises_what_is_stored(),
    keeps_what_it_promised(),
    stored_by_majority(),
    knows_what_was_acknowledged(),
    commits_own_term(),
    reads_while_leading(),
    answers_what_was_applied(),
    complete_leader(),
    changes_one_at_a_time(),
    knows_the_configuration(),
    one_entry_an_index("applied"),
    one_entry_an_index("state"),
    done_once("executed"),
)
"""Promises of Raft's servers: the properties of Figure 3, and what they rest on."""
