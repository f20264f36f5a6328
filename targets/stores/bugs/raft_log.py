"""Bugs in raft's replication: what a follower takes, what it acknowledges, and what a leader counts."""

from collections.abc import Sequence

from splitbrain.harness.program import Effects, Now
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.messages import Entry
from splitbrain.targets.stores.raft.messages import AppendReply, AppendRequest, SnapshotRequest
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.replication import Replication


class CountsOlderEntries(Replication):
    """Bug: commits an entry of an older term by counting its copies."""

    def _countable(self, index: int) -> bool:
        return True


class CountsOlderAcknowledgements(Replication):
    """Bug: counts an acknowledgement whatever the term of the request that it answers."""

    def _current(self, reply: AppendReply) -> bool:
        return True


class CountsItselfTwice(Replication):
    """Bug: counts the leader's own copy beside that of itself as one of its followers."""

    def _on_majority(self) -> int:
        server = self._server
        copies = [*self._match.values(), self._match[server.name]]
        return sorted(copies, reverse=True)[server.majority - 1]


class CountsOwnBeforeSync(Replication):
    """Bug: counts the leader's own copy before it is on disk."""

    def _promise_own(self, index: int) -> None:
        server = self._server
        server.promise(server.name, AppendReply(server.term, 0, ok=True, index=index))


class CountsWhatWasSent(Replication):
    """Bug: takes an acknowledgement for one of the leader's whole log."""

    def _acknowledged(self, reply: AppendReply) -> int:
        return self._server.log.last


class RemembersMatches(Replication):
    """Bug: begins to lead with what it knew of its followers when it led before."""

    def lead(self) -> None:
        """Keep the old counts."""
        known = self._match
        super().lead()
        self._match.update(known)


class CommitsOwnLogWhenElected(Replication):
    """Bug: takes its whole log for committed when it is elected."""

    def lead(self) -> None:
        """Lead, and count inherited entries as if they were of this term."""
        super().lead()
        self._server.commit = max(self._server.commit, self.inherited)


class AcknowledgesBeforeSync(Replication):
    """Bug: acknowledges entries before they are on disk."""

    def _acknowledge(self, leader: str, number: int, matched: int) -> None:
        server = self._server
        server.promise(leader, AppendReply(server.term, number, ok=True, index=matched))


class AcknowledgesOwnEnd(Replication):
    """Bug: acknowledges its whole log, also what stands behind the entries that were compared."""

    def _acknowledge(self, leader: str, number: int, matched: int) -> None:
        super()._acknowledge(leader, number, self._server.log.last)


class CommitsToOwnEnd(Replication):
    """Bug: commits what the leader has committed as far as its own log goes, though the two may disagree there."""

    def _committed(self, leaders: int, matched: int) -> int:
        return max(self._server.commit, min(leaders, self._server.log.last))


class CommitsBeforeComparing(Replication):
    """Bug: takes over the leader's commit index before it has looked whether the logs agree."""

    def on_request(self, sender: str, request: AppendRequest) -> bool:
        """The commit index first."""
        server = self._server
        if request.term >= server.term:
            server.commit = max(server.commit, min(request.commit, server.log.last))
        return super().on_request(sender, request)


class HeartbeatsResetCommit(Replication):
    """Bug: takes over the leader's commit index also when it is lower."""

    def _committed(self, leaders: int, matched: int) -> int:
        return min(leaders, matched)


class AcceptsOlderTerms(Replication):
    """Bug: takes entries from a leader of an older term."""

    def _refused(self, sender: str, request: AppendRequest | SnapshotRequest) -> bool:
        return False


class TruncatesAlways(ReplicaLog):
    """Bug: cuts the log behind what a request says, though it agrees: an old request that comes late takes new
    entries."""

    def merge(self, previous: int, entries: Sequence[Entry]) -> int | None:
        """Write all entries anew."""
        for index, entry in enumerate(entries, previous + 1):
            if index > self.base:
                self._write(index, entry)
        return None


class ComparesNoTerms(ReplicaLog):
    """Bug: looks whether there is an entry before the new ones, and not of which term it is."""

    def conflict(self, index: int, term: int) -> tuple[int, int] | None:
        """A conflict only where there is a gap."""
        return (self.last + 1, 0) if index > self.last else None


class KeepsConflicts(ReplicaLog):
    """Bug: keeps its own entry where the leader has another."""

    def merge(self, previous: int, entries: Sequence[Entry]) -> int | None:
        """Add only the entries that are missing."""
        for index, entry in enumerate(entries, previous + 1):
            if index > self.last:
                self.append(entry)
        return None


class RestartCommitsAll(RaftNode):
    """Bug: takes all that it finds on its disk for committed."""

    def on_start(self, now: Now, disk: dict[str, bytes]) -> Effects:  # type: ignore[override]
        """Take the end of the log for the commit index."""
        effects = super().on_start(now, disk)
        self.server.commit = self.server.log.last
        return [*effects, *self._finish()]


class IgnoresDiskErrors(RaftNode):
    """Bug: goes on after a failed sync as if it had succeeded."""

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Take the error for success."""
        return self.on_durable(now, token)
