"""Messages between Raft servers: the calls of Figures 2 and 13, as pairs that need no connection.

Every message carries its sender's term. Pitfall: any of them may arrive twice, late, or out of order, so each answer
repeats what it answers.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward


class VoteRequest(Struct, frozen=True, gc=False, tag="vote"):
    """A candidate's request for a vote in `term`. trial: it only asks whether it would get one (pre-vote, thesis §9.6);
    the term is then the one that it would enter. handed_over: the leader of the term before has told it to
    stand (thesis §3.10)."""

    term: int
    last_index: int
    last_term: int
    trial: bool
    handed_over: bool = False


class VoteReply(Struct, frozen=True, gc=False, tag="voted"):
    """The answer; `term` is the term asked about, or the voter's own where that is higher."""

    term: int
    granted: bool
    trial: bool

    @property
    def elects(self) -> int | None:
        """See `harness.program.Election`."""
        return self.term if self.granted and not self.trial else None


class AppendRequest(Struct, frozen=True, gc=False, tag="append"):
    """The leader's entries after `prev_index`, perhaps none (a heartbeat). round: the leader counts its broadcasts;
    an answer to round r shows that it was still the leader when round r began."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    round: int

    @property
    def leads(self) -> int:
        """See `harness.program.Election`."""
        return self.term


class AppendReply(Struct, frozen=True, gc=False, tag="appended"):
    """The answer. ok: the logs agree up to `index`, and that much is on the follower's disk. Otherwise (index, hint)
    says where to look next: see `ReplicaLog.conflict`."""

    term: int
    round: int
    ok: bool
    index: int
    hint: int = 0


class VersionedReply(AppendReply, frozen=True, gc=False, tag="appended"):
    """The same from a server that tells its version; one that does not is of version 1, and passes over it."""

    version: int = 1


class SnapshotPiece(Struct, frozen=True, gc=False, tag="piece"):
    """A piece of a snapshot, as Figure 13 has it: from version 2 on, in the place of a SnapshotRequest. data: the bytes
    of the machine from `offset` on. size: of all of them. Answered once all pieces are there."""

    term: int
    index: int
    last_term: int
    offset: int
    size: int
    data: bytes
    round: int


class SnapshotRequest(Struct, frozen=True, gc=False, tag="snapshot"):
    """The leader's machine after the entry at `index`, whole, for a follower whose next entry the leader no longer has.
    last_term: of that entry. Answered by an AppendReply. (Figure 13 sends it in pieces.)"""

    term: int
    index: int
    last_term: int
    state: bytes
    round: int


class TransferRequest(Struct, frozen=True, gc=False, tag="transfer"):
    """The wish of a follower to lead, told to the leader of `term`: an operator has asked for it."""

    term: int


class TimeoutNow(Struct, frozen=True, gc=False, tag="timeout-now"):
    """The order of the leader of `term`, which has stepped down, to stand for election at once."""

    term: int


Transfer = TransferRequest | TimeoutNow
RaftMessage = VoteRequest | VoteReply | AppendRequest | AppendReply | SnapshotRequest | Transfer | Forward | Answer
PiecewiseMessage = (
    VoteRequest
    | VoteReply
    | AppendRequest
    | VersionedReply
    | SnapshotRequest
    | SnapshotPiece
    | Transfer
    | Forward
    | Answer
)
"""The messages that a server of version 2 understands: SnapshotRequest comes from those of version 1 alone."""
SERVERS = (
    AppendReply,
    AppendRequest,
    VoteRequest,
    VoteReply,
    SnapshotRequest,
    SnapshotPiece,
    TransferRequest,
    TimeoutNow,
)
"""The messages that carry a term."""
