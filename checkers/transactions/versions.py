"""The order of the versions of each key, as the reads of a list-append history show it.

The longest read of a key is the order of its versions, as far as it was read; every other read is a prefix of it, or
the two cannot be states of one list. Versions that nobody read come after all that was read, in an order unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.graph import Ints
from splitbrain.checkers.transactions.history import TransactionHistory


@dataclass(slots=True)
class ListOrders:
    """flat, starts: the versions of the longest list of each key that somebody wrote, each once, one key after the
    other; where those of a key begin, with one entry more at the end. place: of each version its place in the order of
    its key, or ABSENT. incompatible: reads that are no prefix of the longest one of their key. torn: of each key
    whether it has such a read."""

    flat: Ints
    starts: Ints
    place: Ints
    incompatible: "np.ndarray"
    torn: "np.ndarray"

    def order(self, key: int) -> Sequence[int]:
        """The versions of a key in order."""
        found: list[int] = self.flat[self.starts[key] : self.starts[key + 1]].tolist()
        return found


def list_orders(of: TransactionHistory) -> ListOrders:
    """The orders that the reads of a list-append history show."""
    keys, versions = len(of.keys), len(of.version_key)
    key, low, high, base = (np.asarray(column) for column in (of.key, of.low, of.high, of.base))
    writer, longest = np.asarray(of.version_writer), np.asarray(of.longest)
    lengths = np.where(longest >= 0, high[longest] - low[longest], 0) if len(key) else np.zeros(keys, dtype=np.int32)
    seen = np.asarray(of.elements)[: int(lengths.sum())]
    first = np.empty(versions, dtype=np.int32)
    at = np.arange(len(seen), dtype=np.int32)
    first[seen[::-1]] = at[::-1]  # of a version that stands there twice, the first place counts
    kept = (writer[seen] >= 0) & (first[seen] == at)
    flat = seen[kept]
    starts = np.zeros(keys + 1, dtype=np.int32)
    np.cumsum(np.bincount(np.repeat(np.arange(keys), lengths)[kept], minlength=keys), out=starts[1:])
    place = np.full(versions, -1, dtype=np.int32)
    place[flat] = np.arange(len(flat), dtype=np.int32) - np.repeat(starts[:-1], np.diff(starts))
    write = np.frombuffer(of.write, dtype=np.uint8) if of.write else np.zeros(0, dtype=np.uint8)
    incompatible = np.flatnonzero((write == 0) & (low != base[key])) if keys else np.zeros(0, dtype=np.int64)
    torn = np.zeros(keys, dtype=bool)
    torn[key[incompatible]] = True
    return ListOrders(flat, starts, place, incompatible, torn)
