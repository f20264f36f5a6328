"""Compaction of a partition: of each key the last message stays, and offsets stay as they are.

Kafka documentation, section 4.8 (Log Compaction). Messages are `[key, value]`. A message that is followed by another
one of its key is superseded: it gives way to a hole, which has its place in the log, and the session and number by
which it is known when it is sent again. A message without a value, `[key, null, number]`, is a tombstone: its key is
deleted. It supersedes what came before, and stays for `retention`, so that consumers see that the key is gone; then it
gives way to a hole too.

Each replica compacts what it knows to be committed, on its own; a leader sends holes to replicas that are behind. What
a hole stands for is gone from the committed log, so a replica may get it before it knows of that commit.

A new leader shows nothing before it knows that all is committed that it began with: it may have holes in the place of
messages that gave way to later ones, and these have to be shown with them.

Pitfall: a replica that is behind may have the value of a key that was deleted, and get a hole where the tombstone was.
So such a hole keeps the key, and supersedes what came before as the tombstone did.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.messages import Entry, Request
from splitbrain.targets.stores.replicas import word

KEYED = "send-keyed"
MESSAGES = ("send", KEYED)
"""The requests that are messages, without a key and with one."""
SUPERSEDED, DELETED = "superseded", "deleted"
"""The requests of holes: of a message that another one of its key follows, and of a tombstone, whose key is the
value."""
DIRTY_MAX = 10
"""Entries behind those that were compacted, from which on a log is compacted again."""


class PartitionLog(ReplicaLog):
    """Log of a partition, of which no snapshots are made: entries of a compacted one may give way to holes."""

    def replace_entries(self, replacing: Mapping[int, Entry]) -> None:
        """Put entries of the same terms in the places of others, and write the file anew."""
        for index, entry in replacing.items():
            self._entries[index - 1] = entry
        self.journal.rewrite(self._behind_snapshot())


class PartitionCompaction:
    """The compaction of one replica. retention: nanoseconds for which a tombstone stays after it was committed here."""

    def __init__(self, log: PartitionLog, retention: int) -> None:
        self.log = log
        self.retention = retention
        self._compacted = 0
        """The index up to which the log was compacted."""
        self._committed_at: dict[int, int] = {}
        """The time at which each tombstone was first known to be committed here."""

    def compact(self, committed: int, now: int) -> None:
        """Compact what is committed, if enough of it is new."""
        if committed - self._compacted < DIRTY_MAX:
            return
        self._compacted = committed
        self.apply(committed, now)

    def apply(self, upto: int, now: int) -> None:
        """Put holes in the places of messages up to an index, which is committed."""
        upto = self.bound(upto)
        last = self.last_of_keys(upto)
        holes: dict[int, Entry] = {}
        for index, entry, request in self.messages(upto):
            following = last[key_of(request)]
            if following != index:
                holes[index] = self.hole(entry, request, SUPERSEDED, None)
            elif is_tombstone(request) and self.is_old(index, now):
                holes[index] = self.hole(entry, request, DELETED, request.value[0])
        if holes:
            self.log.replace_entries(holes)

    def received(self, entries: tuple[Entry, ...], last: int, now: int) -> None:
        """Take in entries that came from the leader, up to an index: holes where tombstones were supersede at once."""
        for index, entry in zip(range(last, 0, -1), reversed(entries), strict=False):
            if entry.request is not None and entry.request.f == DELETED:
                self.apply(index, now)
                return

    def bound(self, committed: int) -> int:
        """The index up to which messages may be superseded."""
        return min(committed, self.log.last)

    def last_of_keys(self, upto: int) -> dict[str, int]:
        """The index of the last message of each key up to an index, or of the hole where its tombstone was."""
        last: dict[str, int] = {}
        for index in range(1, upto + 1):
            request = self.log.entry(index).request
            if request is not None and request.f in (KEYED, DELETED):
                last[key_of(request)] = index
        return last

    def hole(self, entry: Entry, request: Request, f: str, value: Any) -> Entry:
        """The hole in the place of a message."""
        return Entry(entry.term, Request(f, request.key, value, request.session, request.sequence))

    def messages(self, upto: int) -> Iterator[tuple[int, Entry, Request]]:
        for index in range(1, upto + 1):
            entry = self.log.entry(index)
            if entry.request is not None and entry.request.f == KEYED:
                yield index, entry, entry.request

    def is_old(self, index: int, now: int) -> bool:
        """Whether a tombstone has stayed for long enough."""
        return now - self._committed_at.setdefault(index, now) >= self.retention


def key_of(request: Request) -> str:
    """The key of a message, or of the hole where a tombstone was."""
    return word(request.value if request.f == DELETED else request.value[0])


def is_tombstone(request: Request) -> bool:
    """Whether a message deletes its key."""
    return request.value[1] is None


def contents(log: ReplicaLog, upto: int) -> dict[str, int]:
    """The keys that a reader of the log up to an index finds alive, each with the index of its last message."""
    found: dict[str, int] = {}
    for index in range(1, upto + 1):
        request = log.entry(index).request
        if request is None or request.f not in (KEYED, DELETED):
            continue
        found.pop(key_of(request), None)
        if request.f == KEYED and not is_tombstone(request):
            found[key_of(request)] = index
    return found


def objection_to_message(value: Any) -> str | None:
    """An objection to the value of a message with a key, in words; None if there is none."""
    whole = isinstance(value, list | tuple) and len(value) in (2, 3) and value[0] is not None
    if not whole or (len(value) == 3) != (value[1] is None):
        return "a message of a compacted log is [key, value], or [key, null, number] to delete the key"
    return None
