"""A partitioned table with a secondary index: how reads find documents by a colour, and what they miss.

- `LOCAL`: each partition indexes its own documents, in the same step; a read asks all partitions.
- `SENT`: the index is partitioned by colour; a write is acknowledged, and its entry is sent to the index afterwards. If
  the partition crashes in between, the entry is lost.
- `LOGGED`: the same, with a log of entries that is read again after a crash.
- `TRANSACTION`: the document and its entry are written by one transaction over both partitions.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from splitbrain.harness.environments.sim.scheduler import MILLISECOND, SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream

PARTITIONS, DOCUMENTS, COLOURS = 10, 2000, 200
LAG_MS, RESTART_MS = 20.0, 1000.0
CRASHES = 0.01
"""The chance that a partition crashes between a write and its entry."""
HOP_MS, SLOW_MS, SLOW = 1.0, 50.0, 0.01
"""Mean time of a request to a partition, and of the one in a hundred that is slow."""
WRITES_A_SECOND, SPAN_S = 200.0, 15


class IndexKind(StrEnum):
    """Kinds of secondary indexes."""

    LOCAL = "a local index"
    SENT = "a global index, entries sent afterwards"
    LOGGED = "a global index, entries sent from a log"
    TRANSACTION = "a global index, in one transaction"

    @property
    def is_local(self) -> bool:
        """Whether each partition indexes its own documents."""
        return self is IndexKind.LOCAL


@dataclass
class IndexedTable:
    """The table under writes; after each its writer looks for the document by its new colour, up to 100 ms later.
    reads: of these, how many found it, and all. windows_ms: the times between a write and its entry. wrong: documents
    whose entry is another in the end, of those written."""

    kind: IndexKind
    stream: RandomStream
    reads: list[bool] = field(default_factory=list)
    windows_ms: list[float] = field(default_factory=list)
    wrong: int = 0
    written: int = 0

    def __post_init__(self) -> None:
        self._events = EventQueue()
        self._documents: dict[int, tuple[int, int]] = {}
        self._entries: dict[int, tuple[int, int]] = {}
        self._arrive()
        self._events.run(10_000_000)
        self.written = len(self._documents)
        self.wrong = sum(self._entries.get(one) != written for one, written in self._documents.items())

    def _later(self, milliseconds: float, call: object, *args: object) -> None:
        self._events.at(self._events.now + int(milliseconds * MILLISECOND), call, args)  # type: ignore[arg-type]

    def _arrive(self) -> None:
        self._later(self.stream.exponential(1000 / WRITES_A_SECOND), self._write)

    def _write(self) -> None:
        now = self._events.now
        if now >= SPAN_S * SECOND:
            return
        document, colour = self.stream.below(DOCUMENTS), self.stream.below(COLOURS)
        self._documents[document] = now, colour
        if self.kind in (IndexKind.LOCAL, IndexKind.TRANSACTION):
            self._index(document, now, colour)
        elif not self.stream.chance(CRASHES):
            self._later(self.stream.exponential(LAG_MS), self._index, document, now, colour)
        elif self.kind is IndexKind.LOGGED:
            self._later(RESTART_MS, self._index, document, now, colour)
        self._later(self.stream.between(0, 100), self._read, document, now, colour)
        self._arrive()

    def _index(self, document: int, at: int, colour: int) -> None:
        self.windows_ms.append((self._events.now - at) / MILLISECOND)
        if at >= self._entries.get(document, (0, 0))[0]:
            self._entries[document] = at, colour

    def _read(self, document: int, at: int, colour: int) -> None:
        if self._documents[document] == (at, colour):
            self.reads.append(self._entries.get(document) == (at, colour))


def asked(kind: IndexKind) -> int:
    """The number of partitions that a read by colour asks."""
    return PARTITIONS if kind.is_local else 1


def read_ms(kind: IndexKind, stream: RandomStream) -> float:
    """The time of one read by colour: that of the slowest partition."""
    return max(
        stream.exponential(SLOW_MS if stream.chance(SLOW) else HOP_MS) for _ in range(asked(kind))
    )  # fmt: skip


def served_without(kind: IndexKind, down: int, stream: RandomStream) -> tuple[bool, bool]:
    """Whether a read by colour, and a write, are served while one partition is down: each needs all that it asks."""
    by_colour, by_document = stream.below(PARTITIONS), stream.below(PARTITIONS)
    written = {by_document, by_colour} if kind is IndexKind.TRANSACTION else {by_document}
    return (not kind.is_local and by_colour != down), down not in written
