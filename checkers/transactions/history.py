"""Transactional histories as flat columns: transactions, micro-operations, versions.

A transaction is an operation whose value is a list of micro-operations `[append key value]` or `[w key value]` and
`[r key what-was-read]`. Of one that succeeded the completion counts, of all others what was asked. A version is what
one append or write made, named by key and value; a list is a sequence of versions.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.common.values import shown
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value

OK, FAIL, INFO = int(EventType.OK), int(EventType.FAIL), int(EventType.INFO)
_FIRST = 4096
"""Micro-operations."""


def _ints() -> "array[int]":
    return array("i")


def _places() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class TransactionHistory:
    """Columns of a history; a transaction is a row of `History.operations()`.

    ended: OK, FAIL or INFO. start, end: positions of its events, end NEVER unless it succeeded. complete: position of
    its completion, or ABSENT. starts: where the micro-operations of each transaction begin, with one entry more at the
    end.

    owner, write, key, low, high: of each micro-operation, owner its transaction; a write made version `low`; a read saw
    the versions `elements[low:high]`, at most one of a register. own, after: of each micro-operation whether its
    transaction wrote the key before it, and the last version that it made of the key after it, or ABSENT.

    keys: the name of each key. version_key, version_value, version_writer, version_op: of each version, writer and
    micro-operation ABSENT where nobody wrote it; those that were written come first, in program order. last: whether a
    version is the last that its writer made of its key. longest, base: of each list the micro-operation that read most
    of it, or ABSENT, and where its versions begin in `elements`; a read of a prefix of it has the same `low`, and no
    other read has.
    """

    history: History
    lists: bool
    ended: "array[int]" = field(default_factory=lambda: array("b"))
    session: "array[int]" = field(default_factory=_places)
    start: "array[int]" = field(default_factory=_places)
    end: "array[int]" = field(default_factory=_places)
    complete: "array[int]" = field(default_factory=_places)
    starts: "array[int]" = field(default_factory=lambda: array("i", [0]))
    owner: "array[int]" = field(default_factory=_ints)
    write: bytearray = field(default_factory=bytearray)
    key: "array[int]" = field(default_factory=_ints)
    low: "array[int]" = field(default_factory=_ints)
    high: "array[int]" = field(default_factory=_ints)
    own: bytearray = field(default_factory=bytearray)
    after: "array[int]" = field(default_factory=_ints)
    elements: "array[int]" = field(default_factory=_ints)
    longest: "array[int]" = field(default_factory=_ints)
    base: "array[int]" = field(default_factory=_ints)
    keys: list[Value] = field(default_factory=list)
    version_key: "array[int]" = field(default_factory=_ints)
    version_value: list[Value] = field(default_factory=list)
    version_writer: "array[int]" = field(default_factory=_ints)
    version_op: "array[int]" = field(default_factory=_ints)
    last: bytearray = field(default_factory=bytearray)
    member: bytearray = field(default_factory=bytearray)
    """Whether a transaction takes part in graphs: it succeeded, or a version of it was read."""

    def __len__(self) -> int:
        return len(self.ended)

    def ops(self, txn: int) -> range:
        """The micro-operations of a transaction."""
        return range(self.starts[txn], self.starts[txn + 1])

    def read(self, op: int) -> Sequence[int]:
        """The versions that a micro-operation read."""
        return self.elements[self.low[op] : self.high[op]]

    def prefix(self, op: int) -> bool:
        """Whether a read of a list saw a prefix of the longest one."""
        return self.low[op] == self.base[self.key[op]]

    def overwrites(self) -> "npt.NDArray[np.bool_]":
        """The micro-operations whose transaction also wrote the key, before or after, as a mask."""
        found: npt.NDArray[np.bool_] = (np.asarray(self.own) != 0) | (np.asarray(self.after) != ABSENT)
        return found

    def version_of(self, key: int, txn: int) -> int:
        """The last version that a member made of a key, or ABSENT."""
        if self.member[txn]:
            for op in range(self.starts[txn + 1] - 1, self.starts[txn] - 1, -1):
                if self.write[op] and self.key[op] == key:
                    return self.low[op]
        return ABSENT

    def reads(self) -> int:
        """The number of reads that succeeded."""
        return len(self.write) - self.writes()

    def writes(self) -> int:
        """The number of writes."""
        return int(np.count_nonzero(np.asarray(self.write)))

    def watched(self) -> bool:
        """Whether some key was written and also read: nothing else could show anything."""
        for count in (_FIRST, len(self.write)):  # the first ones mostly show it
            write, key = np.asarray(self.write)[:count] != 0, np.asarray(self.key)[:count]
            written = np.zeros(len(self.keys), dtype=bool)
            written[key[write]] = True
            if written[key[~write]].any():
                return True
        return False

    def name(self, txn: int) -> str:
        """`T12`, by the position of its invocation."""
        return f"T{self.start[txn]}"

    def told(self, version: int) -> str:
        """The value of a version, for people."""
        return shown(self.version_value[version])

    def seen(self, op: int) -> str:
        """The value that a read saw, for people."""
        values = [self.version_value[version] for version in self.read(op)]
        return shown(tuple(values)) if self.lists else shown(values[0] if values else None)
