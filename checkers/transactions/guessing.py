"""Pairs of blocks of one key in the order that the times of their readers suggest.

A version is committed before any reader of it ends, and is still there when any reader of it begins. So if a version
was read, or its writer had ended, before a reader of another version began, it is the earlier one. In real time this is
so; for weaker models it is a guess like others.
"""

from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.blocks import Blocks, Rows
from splitbrain.checkers.transactions.dependencies import Dependencies, spread
from splitbrain.checkers.transactions.graph import Places
from splitbrain.checkers.transactions.order_edges import OrderEdges

NEIGHBOURS = 8
"""Number of blocks that were there next with which each block is compared, of a key with more than PAIRED blocks."""
PAIRED = 64


@dataclass(frozen=True)
class TimePairs:
    """decided: pairs whose order the times of readers tell, earlier and later. left: pairs that they leave open, or
    tell both ways. complete: whether all pairs were compared."""

    decided: tuple[Rows, Rows]
    left: tuple[Rows, Rows]
    complete: bool


def time_pairs(known: Dependencies, blocks: Blocks, order: OrderEdges) -> TimePairs:
    """The pairs of blocks of each key."""
    there, still = _spans(known, order)
    there, still = there[blocks.head], still[blocks.tail]
    rows = np.lexsort((still, there, blocks.key))
    key, there, still = blocks.key[rows], there[rows], still[rows]
    at = np.arange(len(rows))
    begins, ends = np.searchsorted(key, key), np.searchsorted(key, key, side="right")
    many = ends - begins > PAIRED
    one, other = spread(at, at + 1, np.where(many, np.minimum(ends, at + 1 + NEIGHBOURS), ends))
    first, second = there[one] < still[other], there[other] < still[one]
    open_now = first == second
    earlier, later = np.where(first, one, other)[~open_now], np.where(first, other, one)[~open_now]
    decided, left = (rows[earlier], rows[later]), (rows[one[open_now]], rows[other[open_now]])
    return TimePairs(decided, left, not bool(many.any()))


def _spans(known: Dependencies, order: OrderEdges) -> tuple[Places, Places]:
    """The time by which each version was there, and that at which it still was."""
    readers, versions = known.readers, len(known.of.version_key)
    writer = np.asarray(known.of.version_writer)
    there, still = order.ends[writer], order.starts[writer]  # of one that nobody wrote, which no block has, anything
    kept = readers.mark < versions
    np.minimum.at(there, readers.mark[kept], order.ends[readers.reader[kept]])
    np.maximum.at(still, readers.mark[kept], order.starts[readers.reader[kept]])
    return there, still
