"""Version 2 of raft, for rolling upgrades: snapshots go in pieces, as in Figure 13, and no longer whole.

One message is added, SnapshotPiece, and one removed, SnapshotRequest. A server of version 1 knows the first not and
needs the second: so a leader of version 2 sends pieces only to followers whose answers say that they understand them,
and a follower of version 2 still takes a whole snapshot of an older leader.

Pitfall: a version is what a server tells of itself; of one that has not answered yet the older one is assumed.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from splitbrain.targets.stores.raft.messages import (
    AppendReply,
    PiecewiseMessage,
    RaftMessage,
    SnapshotPiece,
    SnapshotRequest,
    VersionedReply,
)
from splitbrain.targets.stores.raft.node import RaftNode, RaftParts
from splitbrain.targets.stores.raft.replication import Replication
from splitbrain.targets.stores.raft.server import RaftServer

VERSION = 2
PIECE_BYTES = 1024
"""The size of a piece; small, so that pieces are lost, late and out of order in short runs too."""


class PiecewiseServer(RaftServer):
    """A server that tells its version with each acknowledgement."""

    def promise(self, to: str, message: RaftMessage, index: int = 0) -> None:
        """See RaftServer."""
        if type(message) is AppendReply:
            m = message
            message = VersionedReply(m.term, m.round, m.ok, m.index, m.hint, VERSION)
        super().promise(to, message, index)


class PiecewiseReplication(Replication):
    """Replication that sends snapshots in pieces to those who understand them."""

    def __init__(self, server: RaftServer) -> None:
        super().__init__(server)
        self._versions: dict[str, int] = {}
        """Server → the version that it told last; they only rise."""
        self._pieces: dict[int, bytes] = {}
        """Of the snapshot that is coming in: offset → data."""
        self._coming: tuple[str, int, int] | None = None
        """Its sender, term and index."""

    def on_reply(self, sender: str, reply: AppendReply) -> None:
        """See Replication; and learn the follower's version."""
        if isinstance(reply, VersionedReply) and reply.version > self._versions.get(sender, 1):
            self._versions[sender] = reply.version
        super().on_reply(sender, reply)

    def _understands_pieces(self, other: str) -> bool:
        """Whether a follower is known to understand pieces."""
        return self._versions.get(other, 1) >= VERSION

    def _send_snapshot(self, other: str, snapshot: SnapshotRequest) -> None:
        if not self._understands_pieces(other):
            super()._send_snapshot(other, snapshot)
            return
        state = snapshot.state
        for offset in range(0, len(state), PIECE_BYTES):
            data = state[offset : offset + PIECE_BYTES]
            self._server.send(
                other,
                SnapshotPiece(
                    snapshot.term, snapshot.index, snapshot.last_term, offset, len(state), data, snapshot.round
                ),
            )

    def on_piece(self, sender: str, piece: SnapshotPiece) -> bool:
        """Take a piece; once all are there, the snapshot. Whether the sender is the leader of the present term."""
        snapshot = SnapshotRequest(piece.term, piece.index, piece.last_term, b"", piece.round)
        if self._refused(sender, snapshot):
            return False
        self._server.follow(piece.term, sender)
        if self._coming != (sender, piece.term, piece.index):
            self._coming, self._pieces = (sender, piece.term, piece.index), {}
        self._pieces[piece.offset] = piece.data
        if sum(map(len, self._pieces.values())) < piece.size:
            return True
        state = b"".join(self._pieces[offset] for offset in sorted(self._pieces))
        self._coming, self._pieces = None, {}
        return super().on_snapshot(sender, msgspec.structs.replace(snapshot, state=state))


@dataclass(frozen=True)
class PiecewiseParts(RaftParts):
    """The classes that a server of version 2 is made of."""

    server: type[RaftServer] = PiecewiseServer
    replication: type[Replication] = PiecewiseReplication


CORRECT_PIECEWISE = PiecewiseParts()


class PiecewiseRaftNode(RaftNode):
    """One server of version 2."""

    message_type: ClassVar[Any] = PiecewiseMessage
    version: ClassVar[int] = VERSION

    def _handle(self, sender: str, message: RaftMessage | PiecewiseMessage) -> None:
        if isinstance(message, SnapshotPiece):
            assert isinstance(self.replication, PiecewiseReplication)
            if self.replication.on_piece(sender, message):
                self.election.heard_leader()
            self.server.out += self.requests.passed(self.server.applied)
        else:
            super()._handle(sender, message)
