"""Blocks: writers of one key that read each other's version, between which no other version can lie.

This is so for cursor stability and all models above; for the models below each block is one writer.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.transactions.dependencies import Dependencies, spread
from splitbrain.checkers.transactions.graph import Ints
from splitbrain.harness.history import ABSENT

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """Blocks whose order is open, in columns, those of one key together; keys with one block alone are left out.

    head, tail: the first and the last version of each. first: whether it read the initial version."""

    key: Ints
    head: Ints
    tail: Ints
    first: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.key)

    def neighbours(self) -> tuple[Rows, Rows]:
        """Each block but the last of its key, and the one that follows it here."""
        one = np.flatnonzero(self.key[1:] == self.key[:-1])
        return one, one + 1

    def pairs(self) -> tuple[Rows, Rows]:
        """All pairs of one key."""
        rows = np.arange(len(self))
        ends = np.searchsorted(self.key, self.key, side="right")
        return spread(rows, rows + 1, ends)

    def pair_count(self) -> int:
        """The number of all pairs."""
        return int((np.searchsorted(self.key, self.key, side="right") - np.arange(len(self)) - 1).sum())

    @staticmethod
    def of(key: Ints, head: Ints, tail: Ints, first: npt.NDArray[np.bool_]) -> "Blocks":
        """Blocks, those that read the initial version first; without keys that have one alone."""
        order = np.lexsort((~first, key))
        key, head, tail, first = key[order], head[order], tail[order], first[order]
        alone = np.ones(len(key), dtype=bool)
        same = key[1:] == key[:-1]
        alone[1:] &= ~same
        alone[:-1] &= ~same
        return Blocks(key[~alone], head[~alone], tail[~alone], first[~alone])


@dataclass(frozen=True)
class BlockTables:
    """joined: read-modify-write chains in blocks. apart: each writer alone. torn: whether two writers read one version,
    or one writer read two."""

    joined: Blocks
    apart: Blocks
    torn: bool


def blocks_of(known: Dependencies) -> BlockTables:
    """The blocks of the versions that are open."""
    of, readers = known.of, known.readers
    rows = np.flatnonzero(readers.made != ABSENT)
    read, made = readers.mark[rows], readers.made[rows]
    versions = len(of.version_key)
    following = np.arange(versions, dtype=np.int32)
    inner = read < versions
    following[read[inner]] = made[inner]
    headed = np.ones(versions, dtype=bool)
    headed[made[inner]] = False
    first = np.zeros(versions, dtype=bool)
    first[made[~inner]] = True
    keys = np.asarray(of.version_key)
    head = known.open[headed[known.open]]
    tail = head
    while True:  # twice as far along the chains each time; those that are rings have no head
        further = following[tail]
        if (further == tail).all():
            break
        tail, following = further, following[following]
    torn = any(int(np.bincount(column, minlength=1).max()) > 1 for column in (read, made))
    none = np.zeros(len(known.open), dtype=bool)
    return BlockTables(
        Blocks.of(keys[head], head, tail, first[head]), Blocks.of(keys[known.open], known.open, known.open, none), torn
    )
