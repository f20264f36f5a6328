"""What does a replica remember? Its term, its vote, and a log of entries, all in one journal.

The file only grows: an entry that is written at an index where another stood replaces that one *and everything behind
it*, and reading the file from the start replays these replacements. So a conflict never needs a rewrite, and records
reach the disk in the order in which they were decided. Indexes start at 1, as in the Raft paper; index 0 is the empty
log, of term 0. The trap: an entry in memory is not yet an entry on disk; `durable` says how far the disk has come.
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


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ballot | Placed).decode


class ReplicaLog:
    """Term, vote and entries of one replica, written to its journal as they change."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.term = 0
        self.vote: str | None = None
        self.ballot_record = 0
        """The number of the record that holds the present term and vote."""
        self.durable = 0
        """The index up to which the present entries survive a crash."""
        self._entries: list[Entry] = []
        self._records: list[int] = []

    @property
    def last(self) -> int:
        """The index of the last entry; 0 if there is none."""
        return len(self._entries)

    def term_at(self, index: int) -> int | None:
        """The term of the entry at an index; 0 for index 0, None beyond the end."""
        if index == 0:
            return 0
        return self._entries[index - 1].term if index <= len(self._entries) else None

    def entry(self, index: int) -> Entry:
        """The entry at an index that exists."""
        return self._entries[index - 1]

    def between(self, first: int, last: int) -> tuple[Entry, ...]:
        """The entries from one index to another, both included."""
        return tuple(self._entries[first - 1 : last])

    def record_of(self, index: int) -> int:
        """The number of the record that made the entry at an index; 0 for index 0."""
        return self._records[index - 1] if index else 0

    def recover(self, disk: Mapping[str, bytes]) -> list[Effect]:
        """Replay what survived; the effects cut a torn tail. msgspec.DecodeError if a whole record makes no sense."""
        payloads, effects = self.journal.recover(disk)
        for number, payload in enumerate(payloads, 1):
            record = _decode(payload)
            if isinstance(record, Ballot):
                self.term, self.vote, self.ballot_record = record.term, record.vote, number
            else:
                self._place(record.index, record.entry, number)
        self.durable = self.last
        return effects

    def ballot(self, term: int, vote: str | None) -> None:
        """Enter a term, or vote in the present one."""
        self.term, self.vote = term, vote
        self.ballot_record = self.journal.write(_encode(Ballot(term, vote)))

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
            if here == entry.term:
                continue
            if here is not None:
                cut = index if cut is None else cut
            self._write(index, entry)
        return cut

    def conflict(self, index: int, term: int) -> tuple[int, int] | None:
        """None if the entry at `index` has this term. Otherwise a hint where to look next (Raft §5.3, last part):
        (first index of the term that stands there instead, that term), or (the index after the end, 0)."""
        here = self.term_at(index)
        if here == term:
            return None
        if here is None:
            return self.last + 1, 0
        while index > 1 and self.term_at(index - 1) == here:
            index -= 1
        return index, here

    def last_of(self, term: int) -> int | None:
        """The last index of a term; None if the log has no entry of it."""
        for index in range(self.last, 0, -1):
            found = self._entries[index - 1].term
            if found == term:
                return index
            if found < term:
                break
        return None

    def settle(self) -> None:
        """See how far the disk has come."""
        while self.durable < self.last and self._records[self.durable] <= self.journal.durable:
            self.durable += 1

    def _write(self, index: int, entry: Entry) -> None:
        self._place(index, entry, self.journal.write(_encode(Placed(index, entry))))

    def _place(self, index: int, entry: Entry, record: int) -> None:
        del self._entries[index - 1 :]
        del self._records[index - 1 :]
        self.durable = min(self.durable, index - 1)
        self._entries.append(entry)
        self._records.append(record)
