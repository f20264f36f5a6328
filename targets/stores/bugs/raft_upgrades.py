"""Bugs in raft's version 2, which show while servers of version 1 are in the cluster."""

from splitbrain.targets.stores.raft.messages import (
    AppendReply,
    AppendRequest,
    PiecewiseMessage,
    RaftMessage,
    SnapshotPiece,
    SnapshotRequest,
)
from splitbrain.targets.stores.raft.version2 import PiecewiseReplication, PiecewiseServer


class PiecesToAll(PiecewiseReplication):
    """A leader that does not ask whether a follower understands pieces."""

    def _understands_pieces(self, other: str) -> bool:
        return True


class RenamedCommit(AppendRequest, frozen=True, gc=False, tag="append"):
    """An AppendRequest in which `commit` is the end of the leader's log, and `committed` what it was."""

    committed: int = 0


class SendsCommitElsewhere(PiecewiseServer):
    """Bug: gives a field of a message another meaning, also to those who know the former one alone."""

    def send(self, to: str, message: RaftMessage | PiecewiseMessage) -> None:
        """The commit index under its new name."""
        if type(message) is AppendRequest:
            m = message
            parts = (m.term, m.prev_index, m.prev_term, m.entries, self.log.last, m.round, m.commit)
            message = RenamedCommit(*parts)
        super().send(to, message)


class ReadsCommitElsewhere(PiecewiseReplication):
    """A follower of the same version, which reads the field by its new name."""

    def on_request(self, sender: str, request: AppendRequest) -> bool:
        """The commit index from where this version has it."""
        if isinstance(request, RenamedCommit):
            r = request
            request = AppendRequest(r.term, r.prev_index, r.prev_term, r.entries, r.committed, r.round)
        return super().on_request(sender, request)


class AcknowledgesWholeSnapshots(PiecewiseReplication):
    """Bug: answers a whole snapshot, as it answers whatever a leader says, and does not install it."""

    def on_snapshot(self, sender: str, request: SnapshotRequest) -> bool:
        """Follow, and acknowledge."""
        if self._refused(sender, request):
            return False
        self._server.follow(request.term, sender)
        self._server.promise(sender, AppendReply(request.term, request.round, ok=True, index=request.index))
        return True


class AcknowledgesFirstPiece(PiecewiseReplication):
    """Bug: acknowledges a snapshot of which pieces are missing."""

    def on_piece(self, sender: str, piece: SnapshotPiece) -> bool:
        """Acknowledge with the first of several pieces."""
        led = super().on_piece(sender, piece)
        if led and piece.offset == 0 and len(piece.data) < piece.size:
            self._server.promise(sender, AppendReply(piece.term, piece.round, ok=True, index=piece.index))
        return led
