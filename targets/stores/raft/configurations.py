"""Invariants of Raft's configurations: who has a vote, which majority counts, and how members change.

A server has the configuration that it marked last since it started; without a mark, all servers have a vote. Pitfall: a
node that was emptied by its operator has lost what others counted on, as is right once it was removed.
"""

from collections.abc import Sequence

from splitbrain.harness.invariants import Invariant, Latest, Watch
from splitbrain.harness.marks import EMPTIED, START, MarkEvent

CONFIGURED = "configuration"


class KnownVoters:
    """The servers that have a vote, as each server's log says."""

    def __init__(self) -> None:
        self.servers: dict[str, None] = {}
        self._told: dict[str, tuple[str, ...]] = {}

    def see(self, event: MarkEvent) -> bool:
        """Take in a mark; whether it was one about members."""
        if event.name == START:
            self.servers[event.node] = None
            self._told.pop(event.node, None)
        elif event.name == CONFIGURED:
            self._told[event.node] = event.values[1]
        return event.name in (START, CONFIGURED)

    def of(self, server: str) -> Sequence[str]:
        """The servers with a vote, by the latest configuration in the log of a server."""
        return self._told.get(server) or tuple(self.servers)


def elected_by_majority() -> Invariant:
    """Leaders voted for in their term by a majority of the servers of their configuration (§5.2)."""

    def watch() -> Watch:
        known = KnownVoters()
        votes: Latest[dict[str, dict[str, None]]] = Latest()

        def see(event: MarkEvent) -> str | None:
            if known.see(event):
                return None
            term = event.values[0]
            candidates = votes.setdefault(term, {})
            if candidates is None:
                return None
            if event.name == "voted":
                candidates.setdefault(event.values[1], {})[event.node] = None
                return None
            voters = known.of(event.node)
            given = [voter for voter in candidates.get(event.node, {}) if voter in voters]
            if len(given) > len(voters) // 2:
                return None
            words = ", ".join(given) or "nobody"
            return f"{event.node} leads in term {term} by the votes of {words}, of {len(voters)} servers"

        return see

    return Invariant("elected by a majority", (START, CONFIGURED, "voted", "leader"), watch)


def stored_by_majority() -> Invariant:
    """Storage by a majority: an entry that a server applies first is on the disks of a majority of the servers of its
    configuration (§5.3): the first is the leader, at once when it has counted them."""

    def watch() -> Watch:
        known = KnownVoters()
        stored: dict[str, tuple[int, int]] = {}
        highest = 0

        def see(event: MarkEvent) -> str | None:
            nonlocal highest
            if event.name == EMPTIED:
                stored[event.node] = (0, 0)
                return None
            if known.see(event):
                stored.setdefault(event.node, (0, 0))
                return None
            if event.name == "stored":
                stored[event.node] = event.values[:2]
                return None
            index, entry, _ = event.values
            if index <= highest:
                return None
            highest = index
            voters = known.of(event.node)
            # Terms never fall along a log, so a log that ends in an older term does not have the entry.
            having = [voter for voter in voters if stored[voter][0] >= index and stored[voter][1] >= entry[0]]
            if len(having) > len(voters) // 2:
                return None
            where = ", ".join(having) or "nobody"
            return f"{event.node} applies index {index}, which only {where} of {len(voters)} servers has on disk"

        return see

    return Invariant("stored by a majority", (START, EMPTIED, CONFIGURED, "stored", "applied"), watch)


def changes_one_at_a_time() -> Invariant:
    """Changes of one voter at a time: each after the one before is committed, and by a leader that has committed an
    entry of its own term (thesis §4.1, and its correction of 2015)."""

    def see(event: MarkEvent) -> str | None:
        index, voters, (before, voters_before), (commit, commit_term), led = event.values
        if before is None:
            return None
        changed = sorted({*voters} ^ {*voters_before})
        if len(changed) > 1:
            return f"{event.node} has a configuration at index {index} that changes the votes of {', '.join(changed)}"
        if led is None:
            return None
        if before > commit:
            return (
                f"{event.node} leads in term {led} and changes the members at index {index}, and the change at index "
                f"{before} is not committed"
            )
        if commit_term != led:
            return (
                f"{event.node} leads in term {led} and changes the members at index {index}, with nothing of that term "
                "committed"
            )
        return None

    return Invariant("members change one at a time", (CONFIGURED,), lambda: see)


def knows_the_configuration() -> Invariant:
    """Knowledge of the members: a server that has applied the change at an index, itself or by a snapshot, has that
    configuration or a later one (thesis §4.1: the latest in the log; §5.1: it is part of a snapshot)."""

    def watch() -> Watch:
        own: dict[str, int] = {}
        changes: list[int] = []

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                own.pop(event.node, None)
            elif event.name == CONFIGURED:
                own[event.node] = event.values[0]
            elif event.name == "changed":
                if not changes or event.values[0] > changes[-1]:
                    changes.append(event.values[0])
            elif changes:
                index = event.values[0]
                latest = next((change for change in reversed(changes) if change <= index), 0)
                if own.get(event.node, 0) < latest:
                    return (
                        f"{event.node} has applied all up to index {index} and goes by the configuration of index "
                        f"{own.get(event.node, 0)}, though the members were changed at index {latest}"
                    )
            return None

        return see

    return Invariant("a server knows the members", (START, CONFIGURED, "changed", "state"), watch)
