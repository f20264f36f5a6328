"""Copies of a replica without a leader: key → versions, on a journal of what was joined in.

Joining is idempotent and its order does not matter, so the journal is a list of versions, read back by joining all of
them; whatever arrives twice or late changes nothing.

Pitfall: what is here is not yet on disk. `held_by` names the record that must be durable before anybody may hear of it.
"""

from collections.abc import Iterator, Mapping

import msgspec

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.versions import Join, Version, Versions

COMPACT_AFTER = 2_000
"""Records in the journal after which the present versions take their place, if these are less than half as many."""


class Started(msgspec.Struct, frozen=True, tag="started"):
    """Start of the node."""


class KeptVersions(msgspec.Struct, frozen=True, tag="kept"):
    """Versions of a key. owner: the replica for which they are kept as a hint; None: they are this node's own."""

    key: str
    versions: tuple[Version, ...]
    owner: str | None = None


class HandedOver(msgspec.Struct, frozen=True, tag="handed"):
    """Record of a hint for a replica that has arrived there."""

    key: str
    owner: str


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(Started | KeptVersions | HandedOver).decode


class ReplicaCopies:
    """The versions that one node holds. join: which of several versions of a key remain. Hints are what it holds for
    others."""

    def __init__(self, journal: Journal, join: Join) -> None:
        self.journal = journal
        self.join = join
        self.starts = 0
        """The number of starts of the node, this one included."""
        self.hints: dict[tuple[str, str], Versions] = {}
        """(key, owner) → what is kept for it."""
        self._versions: dict[str, Versions] = {}
        self._records: dict[str, int] = {}
        self._first_record = 0
        self._length = 0
        """The number of records in the file."""

    def recover(self, disk: Mapping[str, bytes]) -> list[Effect]:
        """Read the journal, and count this start in it."""
        records, effects = self.journal.recover(disk)
        self._length = len(records)
        for payload in records:
            match _decode(payload):
                case Started():
                    self.starts += 1
                case KeptVersions(key, versions, owner):
                    self._keep(key, versions, owner)
                case HandedOver(key, owner):
                    self.hints.pop((key, owner), None)
        self._count_start()
        return effects

    def _count_start(self) -> None:
        self.starts += 1
        self._first_record = self._write(Started())

    @property
    def ready(self) -> bool:
        """Whether this start is on disk: before, the node must name nothing by it."""
        return self.journal.durable >= self._first_record

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def of(self, key: str) -> Versions:
        """The versions of a key."""
        return self._versions.get(key, ())

    def known(self, key: str) -> Versions:
        """The versions of a key, those kept for others included."""
        kept = [version for (name, _), versions in self.hints.items() if name == key for version in versions]
        return self.join((*self.of(key), *kept)) if kept else self.of(key)

    def held_by(self, key: str) -> int:
        """The record with which all that is known of a key is durable."""
        return self._records.get(key, 0)

    def merge(self, key: str, versions: Versions, owner: str | None = None) -> bool:
        """Join versions into those of a key, or into a hint for a replica; whether that changed anything."""
        if not self._keep(key, versions, owner):
            return False
        now = self.of(key) if owner is None else self.hints[key, owner]
        self._records[key] = self._write(KeptVersions(key, now, owner))
        self._compact()
        return True

    def handed_over(self, key: str, owner: str) -> None:
        """Drop a hint that has arrived at its owner."""
        if self.hints.pop((key, owner), None) is not None:
            self._write(HandedOver(key, owner))

    def _write(self, record: Started | KeptVersions | HandedOver) -> int:
        self._length += 1
        return self.journal.write(_encode(record))

    def _keep(self, key: str, versions: Versions, owner: str | None) -> bool:
        before = self.of(key) if owner is None else self.hints.get((key, owner), ())
        after = self.join((*before, *versions))
        if after == before:
            return False
        if owner is None:
            self._versions[key] = after
        else:
            self.hints[key, owner] = after
        return True

    def _compact(self) -> None:
        present = len(self._versions) + len(self.hints) + self.starts
        if self._length < max(COMPACT_AFTER, 2 * present):
            return
        state = [_encode(Started())] * self.starts
        state += [_encode(KeptVersions(key, versions)) for key, versions in self._versions.items()]
        state += [_encode(KeptVersions(key, versions, owner)) for (key, owner), versions in self.hints.items()]
        record = self.journal.rewrite(state)
        self._length = len(state)
        durable = self.journal.durable
        self._records = {key: at if at <= durable else record for key, at in self._records.items()}
