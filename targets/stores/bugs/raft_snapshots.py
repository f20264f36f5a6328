"""Bugs in raft's snapshots: what stands in them, what they stand for, and what becomes of the log."""

import msgspec

from splitbrain.targets.stores.log import ReplicaLog, Snapshot
from splitbrain.targets.stores.machine import Machine, State
from splitbrain.targets.stores.raft.messages import AppendReply, SnapshotRequest
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import RaftServer

_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(State).decode


class SessionsNotSaved(Machine):
    """Bug: leaves the sessions out of the snapshot, so that a retried request is carried out again behind it."""

    def dump(self) -> bytes:
        """Values alone."""
        state = _decode(super().dump())
        state.sessions = []
        return _encode(state)


class RevisionsNotSaved(Machine):
    """Bug: begins to count revisions anew behind a snapshot."""

    def restore(self, state: bytes) -> None:
        """Restore every revision as 1."""
        super().restore(state)
        self._values = {key: (value, 1) for key, (value, _) in self._values.items()}


class RestoreMerges(Machine):
    """Bug: puts a snapshot over what it holds, and keeps what the snapshot does not have."""

    def restore(self, state: bytes) -> None:
        """Old values win."""
        before = self._values
        super().restore(state)
        self._values.update(before)


class SnapshotNamesLast(Replication):
    """Bug: says of its machine that it stands for the whole log, also for what was not applied."""

    def _snapshot_index(self) -> int:
        return self._server.log.last


class OlderSnapshotAccepted(Replication):
    """Bug: installs a snapshot that is older than what it has applied."""

    def _newer(self, request: SnapshotRequest) -> bool:
        return request.index >= self._server.log.base


class SnapshotSetsCommit(RaftServer):
    """Bug: takes the index of a snapshot for its commit index, also when that is lower."""

    def restore(self, index: int, state: bytes) -> None:
        """Restore a snapshot, and forget that entries behind it were committed."""
        super().restore(index, state)
        self.commit = index


class SnapshotAcknowledgedBeforeSync(Replication):
    """Bug: acknowledges a snapshot before it is on disk."""

    def on_snapshot(self, sender: str, request: SnapshotRequest) -> bool:
        """Answer at once."""
        newer = request.term >= self._server.term and self._newer(request)
        done = super().on_snapshot(sender, request)
        if newer:
            self._server.send(sender, AppendReply(self._server.term, request.round, ok=True, index=request.index))
        return done


class SnapshotWithoutBallot(ReplicaLog):
    """Bug: leaves term and vote out of the file that takes the place of the old one."""

    def _rewrite(self, index: int, state: bytes) -> None:
        term, vote = self.term, self.vote
        self.term, self.vote = 0, None
        super()._rewrite(index, state)
        self.term, self.vote = term, vote


class LogCutBehindSnapshot(ReplicaLog):
    """Bug: throws away the entries behind a snapshot, which it has acknowledged."""

    def install(self, index: int, term: int, state: bytes) -> None:
        """Keep nothing."""
        self._begin(index, term, 0)
        self.durable = 0
        self._rewrite(index, state)


class RestoresBase(RaftServer):
    """Bug: takes a snapshot for one of the entries that are no longer in the log, and applies those that are again,
    without its sessions."""

    def restore(self, index: int, state: bytes) -> None:
        """Restore, and take for applied what the log no longer has."""
        super().restore(index, state)
        self.applied = self.log.base
        self.machine._sessions.clear()


class EntriesNotRewritten(ReplicaLog):
    """Bug: writes the snapshot and forgets the entries behind it."""

    def _rewrite(self, index: int, state: bytes) -> None:
        records = [Snapshot(index, self.base, self.base_term, state), self._ballot()]
        self._snapshot_record = self.journal.rewrite([msgspec.msgpack.encode(record) for record in records])
