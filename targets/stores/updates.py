"""Updates of stores in which every node accepts writes: a log of what each node has changed, told on by all.

Every update is named by its origin and the origin's number for it, 1, 2, 3, …. A node takes the updates of an origin
in that order and each once, so one vector, origin → number, says all that it has (Ladin, Liskov, Shrira and Ghemawat,
"Providing High Availability Using Lazy Replication", TOCS 1992, whose multipart timestamps these are).

Pitfall: an origin that forgets a number in a crash gives it again. So nobody may hear of an update, by a message or by
an answer, before it is on disk here.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.versions import Clock, covers

BATCH_MAX = 200
"""Updates in one message, at most."""

Dot = tuple[str, int]
"""The name of an update: origin and number."""


class Update(msgspec.Struct, frozen=True, array_like=True):
    """A change. f, key, value: the operation. stamp: of a logical or wall clock. known: what its origin had applied."""

    origin: str
    number: int
    f: str
    key: str
    value: Any
    stamp: int
    known: Clock

    @property
    def dot(self) -> Dot:
        """The name of the update."""
        return self.origin, self.number

    @property
    def rank(self) -> tuple[int, str, int]:
        """The place of the update in an order of all."""
        return self.stamp, self.origin, self.number

    def knows(self, other: "Update") -> bool:
        """Whether its origin had applied another one before."""
        return self.known.get(other.origin, 0) >= other.number


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(Update).decode


class UpdateLog:
    """All updates that a node has applied, in that order, on a journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.vector: Clock = {}
        """Origin → the number of its last update here."""
        self._updates: list[Update] = []
        self._records: dict[str, int] = {}

    def recover(self, disk: Mapping[str, bytes]) -> tuple[list[Update], list[Effect]]:
        """The updates that survived, in order, and what to do first."""
        records, effects = self.journal.recover(disk)
        self._updates = [_decode(payload) for payload in records]
        for update in self._updates:
            self.vector[update.origin] = update.number
        return list(self._updates), effects

    def add(self, update: Update) -> None:
        """Write down an update that is the next one of its origin."""
        self.vector[update.origin] = update.number
        self._updates.append(update)
        self._records[update.key] = self.journal.write(_encode(update))

    def is_next(self, update: Update) -> bool:
        """Whether an update is the one after the last of its origin."""
        return update.number == self.vector.get(update.origin, 0) + 1

    def record_of(self, key: str) -> int:
        """The record with which all updates of a key are durable."""
        return self._records.get(key, 0)

    def missing(self, vector: Clock) -> list[Update]:
        """The first updates that are on disk here and not in a vector, in an order in which they can be applied."""
        if covers(vector, self.vector):
            return []
        found: list[Update] = []
        for update in self._updates[: self.journal.durable]:
            if update.number > vector.get(update.origin, 0):
                found.append(update)
                if len(found) == BATCH_MAX:
                    break
        return found

    def since(self, place: int) -> list[Update]:
        """The updates that are on disk, from a place in the log on."""
        return self._updates[place : self.journal.durable] if place < self.journal.durable else []
