"""Context that the roles of a node share: its name, the time, its journal, and the effects of the present event.

A node is a coordinator and a participant, and the first one the oracle too. What one role sends to another of the same
node does not go over the network, but waits in `local`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from splitbrain.harness.program import Effect, Mark, Now, Send
from splitbrain.targets.procedures import Step
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.two_phase_commit.messages import Age, CommitMessage

INQUIRE_NS = 200_000_000
"""Silence of a coordinator after which a participant asks it for the outcome, nanoseconds."""


class Isolation(StrEnum):
    """The option `isolation`."""

    READ_COMMITTED = "read-committed"
    TWO_PHASE_LOCKING = "2pl"
    SNAPSHOT = "snapshot"
    SSI = "ssi"
    SERIAL = "serial"

    @property
    def stamped(self) -> bool:
        """Whether transactions read a snapshot."""
        return self in (Isolation.SNAPSHOT, Isolation.SSI)


@dataclass(frozen=True)
class CommitSettings:
    """Options of a node. patience: time that a transaction may take until all have voted, nanoseconds. persistent:
    False keeps nothing over a restart."""

    isolation: Isolation = Isolation.SSI
    patience: int = 1_000_000_000
    persistent: bool = True


class StartedLife(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """A record: the node has started so often."""

    life: int


class StampCeiling(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A record of the oracle: it has given no stamp above this."""

    stamp: int


class PreparedRecord(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """A record of a participant: it has voted yes. locks: key, and whether it is exclusive."""

    txn: str
    age: Age
    at: int
    locks: list[tuple[Any, bool]]
    writes: list[Step]
    participants: list[str]
    request: tuple[str, int]


class OutcomeRecord(msgspec.Struct, frozen=True, array_like=True, tag="o"):
    """A record of a participant: how a transaction that it had prepared ended."""

    txn: str
    commit: bool
    at: int


class CommitRecord(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """A record of a coordinator: it has decided to commit. What has none was aborted (presumed abort)."""

    txn: str
    at: int
    participants: list[str]


LogRecord = StartedLife | StampCeiling | PreparedRecord | OutcomeRecord | CommitRecord
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(LogRecord).decode


class NodeContext:
    """See above. life: how often the node has started."""

    def __init__(self, name: str, nodes: Sequence[str], journal: Journal, settings: CommitSettings) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.journal = journal
        self.settings = settings
        self.life = 0
        self.now = Now(0, 0)
        self.effects: list[Effect] = []
        self.local: deque[CommitMessage] = deque()
        self._held: list[tuple[int, Effect]] = []

    def send(self, to: str, message: CommitMessage) -> None:
        """Send a message, to this node itself too."""
        if to == self.name:
            self.local.append(message)
        else:
            self.effects.append(Send(to, message))

    def write(self, record: LogRecord) -> int:
        """Write a record; its number."""
        return self.journal.write(encode(record))

    def hold(self, record: int, effect: Effect) -> None:
        """Keep an effect back until a record is on disk."""
        self._held.append((record, effect))

    def release(self) -> None:
        """Let go of what waited for records that are on disk now."""
        durable = self.journal.durable
        ready = [effect for record, effect in self._held if record <= durable]
        if ready:
            self._held = [(record, effect) for record, effect in self._held if record > durable]
        for effect in ready:
            if isinstance(effect, Send):
                self.send(effect.to, effect.message)
            else:
                self.effects.append(effect)

    def mark(self, name: str, *values: object) -> None:
        """Make a mark."""
        self.effects.append(Mark(name, *values))
