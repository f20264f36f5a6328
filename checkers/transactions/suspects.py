"""Suspects: the reads and transactions at which a direct anomaly may be. All of them, or, where there are compiled
parts, few more than those where there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitbrain.checkers.transactions.history import FAIL, OK, TransactionHistory
from splitbrain.checkers.transactions.versions import ListOrders

try:
    from splitbrain.checkers.transactions import suspects_native
except ImportError:  # installed without a C compiler
    suspects_native = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Suspects:
    """reads: micro-operations that read something. inside, scrambled, lost: transactions to look at for reads that
    contradict the transaction itself, scrambled appends, lost updates. All ascending."""

    reads: Sequence[int]
    inside: Sequence[int]
    scrambled: Sequence[int]
    lost: Sequence[int]


def suspects(of: TransactionHistory, lists: ListOrders | None) -> Suspects:
    """The suspects of a history. lists: the orders of list-append."""
    if suspects_native is not None:
        place = lists.place if lists is not None else np.zeros(0, dtype=np.int32)
        found = suspects_native.SuspectSearch(of, place)
        return Suspects(found.reads, found.inside, found.scrambled, sorted({*found.lost}))
    reads = [op for op, write in enumerate(of.write) if not write and of.high[op] > of.low[op]]
    several = [txn for txn in range(len(of)) if of.starts[txn + 1] - of.starts[txn] > 1]
    inside = [txn for txn in several if of.ended[txn] == OK]
    scrambled = [txn for txn in several if of.member[txn] and of.ended[txn] != FAIL] if of.lists else []
    return Suspects(reads, inside, scrambled, inside)
