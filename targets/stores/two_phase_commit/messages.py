"""Messages of two-phase-commit: what a coordinator asks of participants, and what these ask back.

Pitfall: any of them may arrive twice, late or never. So every one names its transaction, and a name is never used
again: it has the coordinator, how often that has started, and a number.
"""

from typing import Any

from msgspec import Struct

from splitbrain.targets.procedures import Step

Age = tuple[int, str]
"""The age of a transaction: the wall clock of its coordinator when it began, and its name. Less is older."""


class StepAsk(Struct, frozen=True, gc=False, tag="ask"):
    """Read a key, or lock it for a write. number: the place of the step. at: the snapshot to read; 0 for the latest."""

    txn: str
    number: int
    age: Age
    f: str
    key: Any
    value: Any
    at: int


class StepTold(Struct, frozen=True, gc=False, tag="told"):
    """The answer: the value of the key, its version, and how often the participant has started."""

    txn: str
    number: int
    value: Any
    version: int
    life: int


class PrepareShard(Struct, frozen=True, tag="prepare"):
    """Vote. life: the participant's, as its answers had it. at: the snapshot. reads: key and version of each that was
    read. writes: what to carry out on a commit. participants: all of them. request: session and sequence."""

    txn: str
    age: Age
    life: int
    at: int
    reads: list[tuple[Any, int]]
    writes: list[Step]
    participants: list[str]
    request: tuple[str, int]


class ShardVote(Struct, frozen=True, gc=False, tag="vote"):
    """A vote: YES, READ_ONLY, or the reason for a no."""

    txn: str
    word: str


class ShardDecision(Struct, frozen=True, gc=False, tag="decision"):
    """The outcome. at: the timestamp of the commit; 0 where versions are counted by each key."""

    txn: str
    commit: bool
    at: int = 0


class DecisionKept(Struct, frozen=True, gc=False, tag="kept"):
    """Receipt of a participant that has the commit on disk: its coordinator need not tell it again."""

    txn: str


class Wound(Struct, frozen=True, gc=False, tag="wound"):
    """Word that an older transaction waits for a lock of this one."""

    txn: str


class Inquiry(Struct, frozen=True, gc=False, tag="inquiry"):
    """Question of a participant that waits for the outcome."""

    txn: str


class StampAsk(Struct, frozen=True, gc=False, tag="stamp?"):
    """Request for a timestamp. purpose: "begin" or "commit"."""

    txn: str
    purpose: str


class StampTold(Struct, frozen=True, gc=False, tag="stamp"):
    """A timestamp, greater than all that were given before."""

    txn: str
    purpose: str
    stamp: int


YES, READ_ONLY = "yes", "read-only"
CommitMessage = (
    StepAsk
    | StepTold
    | PrepareShard
    | ShardVote
    | ShardDecision
    | DecisionKept
    | Wound
    | Inquiry
    | StampAsk
    | StampTold
)
