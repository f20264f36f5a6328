from array import array

from splitbrain.checkers.transactions.flat_native import FlatTransactions
from splitbrain.checkers.transactions.graph import Bytes, Ints, Places

class CompiledStore:
    def __init__(self, flat: FlatTransactions, ended: array[int], lists: bool) -> None: ...
    def serial(self, order: Ints) -> bool: ...
    def snapshot(self, order: Ints, commits: Bytes) -> bool: ...

def in_time(
    invoke: array[int],
    complete: array[int],
    ended: array[int],
    group: Places,
    begins: Ints,
    commits: Ints,
    positions: int,
    groups: int,
) -> bool: ...
