"""What do Raft servers say to each other? The two calls of Figure 2, as pairs of messages that need no connection.

Every message carries its sender's term. The trap: any of them may arrive twice, late, or out of order, so each answer
repeats what it answers.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward


class VoteRequest(Struct, frozen=True, tag="vote"):
    """A candidate asks for a vote in `term`. trial: it only asks whether it would get one (pre-vote, thesis §9.6); the
    term is then the one that it would enter."""

    term: int
    last_index: int
    last_term: int
    trial: bool


class VoteReply(Struct, frozen=True, tag="voted"):
    """The answer; `term` is the term asked about, or the voter's own where that is higher."""

    term: int
    granted: bool
    trial: bool


class AppendRequest(Struct, frozen=True, tag="append"):
    """The leader's entries after `prev_index`, perhaps none (a heartbeat). round: the leader counts its broadcasts;
    an answer to round r shows that it was still the leader when round r began."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    round: int


class AppendReply(Struct, frozen=True, tag="appended"):
    """The answer. ok: the logs agree up to `index`, and that much is on the follower's disk. Otherwise (index, hint)
    says where to look next: see `ReplicaLog.conflict`."""

    term: int
    round: int
    ok: bool
    index: int
    hint: int = 0


RaftMessage = VoteRequest | VoteReply | AppendRequest | AppendReply | Forward | Answer
