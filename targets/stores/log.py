"""Replicated log of a node: its term, its vote, a snapshot, and the entries behind it, all in one journal.

Between snapshots the file only grows: an entry that is written at an index where another stood replaces that one *and
everything behind it*, and reading the file from the start replays these replacements. So a conflict never needs a
rewrite, and records reach the disk in the order in which they were decided. A snapshot stands for all entries up to its
index, and puts a short file in the place of the long one. Some entries before it are kept, for those who are not far
behind; `base` is the last that is not. Indexes start at 1, as in the Raft paper; index 0 is the empty log, of term 0.

Pitfall: an entry in memory is not yet an entry on disk; `durable` says how far the disk has come.
"""

from collections.abc import Mapping, Sequence

import msgspec

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.messages import Entry


class Ballot(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """A record: from here on this is the term, and whom this node voted for in it."""

    term: int
    vote: str | None


class Placed(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """A record: this entry stands at this index, and nothing stands behind it."""

    index: int
    entry: Entry


class Snapshot(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """A record: the state of the machine after the entry at `index`. The entries that follow in the file begin behind
    `base`, whose term was `base_term`."""

    index: int
    base: int
    base_term: int
    state: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ballot | Placed | Snapshot).decode


class ReplicaLog:
    """Term, vote, snapshot and entries of one replica, written to its journal as they change."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.term = 0
        self.vote: str | None = None
        self.ballot_record = 0
        """The number of the record that holds the present term and vote."""
        self.durable = 0
        """The index up to which the present entries survive a crash."""
        self.last = 0
        """The index of the last entry; 0 if there is none."""
        self.base = 0
        """The last index of which only the snapshot tells; 0 if all entries are here."""
        self.base_term = 0
        self.snapshot: Snapshot | None = None
        """The one that was found at the start, until it is taken from here."""
        self._snapshot_record = 0
        self._entries: list[Entry] = []
        self._records: list[int] = []
        self.on_their_way: list[tuple[int, int]] = []
        """Index and record of snapshots, and of entries that they have replaced, before they were durable."""

    def term_at(self, index: int) -> int | None:
        """The term of the entry at an index; 0 for index 0, None beyond the end and before `base`."""
        place = index - self.base
        if place <= 0:
            return self.base_term if place == 0 else None
        return self._entries[place - 1].term if place <= len(self._entries) else None

    def entry(self, index: int) -> Entry:
        """The entry at an index behind `base` that exists."""
        return self._entries[index - self.base - 1]

    def between(self, first: int, last: int) -> tuple[Entry, ...]:
        """The entries from one index behind `base` to another, both included."""
        return tuple(self._entries[first - self.base - 1 : last - self.base])

    def record_of(self, index: int) -> int:
        """The number of the record that made the entry at an index; 0 for index 0."""
        if index > self.base:
            return self._records[index - self.base - 1]
        return self._snapshot_record if index else 0

    def recover(self, disk: Mapping[str, bytes]) -> list[Effect]:
        """Replay what survived; the effects cut a torn tail. msgspec.DecodeError if a whole record makes no sense."""
        payloads, effects = self.journal.recover(disk)
        for number, payload in enumerate(payloads, 1):
            record = _decode(payload)
            if isinstance(record, Ballot):
                self.term, self.vote, self.ballot_record = record.term, record.vote, number
            elif isinstance(record, Placed):
                self._place(record.index, record.entry, number)
            else:
                self.snapshot = record
                self._begin(record.base, record.base_term, number)
        self.durable = self.last
        return effects

    def ballot(self, term: int, vote: str | None) -> None:
        """Enter a term, or vote in the present one."""
        self.term, self.vote = term, vote
        self.ballot_record = self.journal.write(_encode(self._ballot()))

    def _ballot(self) -> Ballot:
        """The record of the present term and vote."""
        return Ballot(self.term, self.vote)

    def append(self, entry: Entry) -> int:
        """Add an entry at the end; its index."""
        self._write(self.last + 1, entry)
        return self.last

    def merge(self, previous: int, entries: Sequence[Entry]) -> int | None:
        """Make the log agree with these entries, which follow the index `previous` (known to match).

        Entries that are already here stay, so an old message arriving late cuts nothing off. Returns the first index
        at which another entry had to go, None if none had to.
        """
        cut: int | None = None
        for index, entry in enumerate(entries, previous + 1):
            here = self.term_at(index)
            if here == entry.term or index <= self.base:
                continue
            if here is not None:
                cut = index if cut is None else cut
            self._write(index, entry)
        return cut

    def conflict(self, index: int, term: int) -> tuple[int, int] | None:
        """None if the entry at `index` has this term. Otherwise a hint where to look next (Raft §5.3, last part):
        (first index of the term that stands there instead, that term), or (the index after the end, 0). What stands
        before `base` was committed, and so agrees with every leader."""
        here = self.term_at(index)
        if here == term or index < self.base:
            return None
        if here is None:
            return self.last + 1, 0
        while index > self.base + 1 and self.term_at(index - 1) == here:
            index -= 1
        return index, here

    def last_of(self, term: int) -> int | None:
        """The last index of a term; None if the log has no entry of it."""
        for index in range(self.last, self.base - 1, -1):
            found = self.term_at(index) or 0
            if found == term:
                return index
            if found < term:
                break
        return None

    def compact(self, index: int, state: bytes, keep: int) -> None:
        """Replace the entries up to `index` by the state of the machine after them, but keep the last `keep` of those
        for others."""
        base = max(self.base, index - keep)
        term = self.term_at(base) or 0
        self._replace(base)
        del self._entries[: base - self.base]
        del self._records[: base - self.base]
        self.base, self.base_term, self.last = base, term, base + len(self._entries)
        self._rewrite(index, state)

    def install(self, index: int, term: int, state: bytes) -> None:
        """Begin anew behind a snapshot of another node. Entries behind it stay if the one at its index agrees (Raft
        §7)."""
        if self.term_at(index) == term:
            self.compact(index, state, 0)
        else:
            self._replace(min(index, self.last))
            self.durable = min(self.durable, index)
            self._begin(index, term, 0)
            self._rewrite(index, state)

    def settle(self) -> None:
        """See how far the disk has come."""
        if self.on_their_way:
            arrived = [index for index, record in self.on_their_way if record <= self.journal.durable]
            self.on_their_way = [pair for pair in self.on_their_way if pair[1] > self.journal.durable]
            self.durable = max([self.durable, *arrived])
        last, on_disk = self.last, self.journal.durable
        while self.base <= self.durable < last and self.record_of(self.durable + 1) <= on_disk:
            self.durable += 1

    def _replace(self, index: int) -> None:
        """Note that a snapshot takes the place of the entries up to an index; some may still be on their way to the
        disk."""
        for replaced in range(max(self.base, self.durable) + 1, index + 1):
            self.on_their_way.append((replaced, self.record_of(replaced)))

    def _begin(self, base: int, term: int, record: int) -> None:
        self.base, self.base_term, self._snapshot_record = base, term, record
        self.last = base
        self._entries.clear()
        self._records.clear()

    def _rewrite(self, index: int, state: bytes) -> None:
        snapshot = _encode(Snapshot(index, self.base, self.base_term, state))
        self._snapshot_record = self.journal.rewrite([snapshot, *self._behind_snapshot()])
        self.on_their_way.append((index, self._snapshot_record))

    def _behind_snapshot(self) -> list[bytes]:
        """The records of the term and vote, and of all entries."""
        placed = (_encode(Placed(self.base + i, entry)) for i, entry in enumerate(self._entries, 1))
        return [_encode(self._ballot()), *placed]

    def _write(self, index: int, entry: Entry) -> None:
        self._place(index, entry, self.journal.write(_encode(Placed(index, entry))))

    def _place(self, index: int, entry: Entry, record: int) -> None:
        place = index - self.base - 1
        if place < len(self._entries):
            del self._entries[place:]
            del self._records[place:]
        if self.durable >= index:
            self.durable = index - 1
        self._entries.append(entry)
        self._records.append(record)
        self.last = self.base + len(self._entries)
