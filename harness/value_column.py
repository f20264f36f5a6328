"""Column of the values of events. Lists of micro-operations stay as the compiled reader of lines left them, flat, until
somebody asks for their ids: a checker of transactions never does, and a history of theirs is little else.
"""

from array import array
from operator import sub
from typing import TYPE_CHECKING

from splitbrain.harness.interner import Interner, columns_native
from splitbrain.harness.pairing import ABSENT

if TYPE_CHECKING:
    from splitbrain.harness.micro_operations_native import MicroOperations


class ValueColumn:
    """Ids of values, one for each event. raw: the same, but of a value that stands in `flat` its code, below ABSENT."""

    __slots__ = ("flat", "pool", "raw")

    def __init__(self, pool: Interner) -> None:
        self.pool = pool
        self.raw = array("i")
        self.flat: MicroOperations | None = None

    def ids(self) -> "array[int]":
        """The column of ids; nothing is flat after that."""
        flat, self.flat = self.flat, None
        if flat is not None:
            flat.intern(self.raw, self.pool)
        return self.raw

    def ids_at(self, positions: "array[int]") -> "array[int]":
        """The ids of some events, ABSENT for ABSENT."""
        return gathered(self.ids(), positions)

    def id_at(self, position: int) -> int:
        """The id of one value; what is flat stays so."""
        found = self.raw[position]
        return found if found >= ABSENT or self.flat is None else self.flat.id_of(found, self.pool)


def differences(column: "array[int]", later: "array[int]", earlier: "array[int]") -> "array[int]":
    """The entries of a column of 64 bits at these positions less those at others, none of them ABSENT."""
    if columns_native is not None:
        return columns_native.differences(column, later, earlier)
    return array("q", map(sub, map(column.__getitem__, later), map(column.__getitem__, earlier)))


def gathered(column: "array[int]", positions: "array[int]", absent: int = ABSENT) -> "array[int]":
    """The entries of a column at these positions; `absent` where a position is ABSENT."""
    if columns_native is not None:
        return columns_native.gathered(column, positions, absent)
    # ABSENT is -1, so one entry more at the end of a column is what is found there.
    return array(column.typecode, map((column + array(column.typecode, [absent])).__getitem__, positions))
