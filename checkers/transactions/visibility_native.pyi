from array import array

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.transactions.graph import Ints

def chains(session: Ints, member: npt.NDArray[np.uint8], width: int) -> tuple[array[int], array[int]]: ...

class VisiblePairs:
    unseen: set[int]
    def __init__(
        self,
        count: int,
        reader: Ints,
        key: Ints,
        writer: Ints,
        write_starts: Ints,
        write_txn: Ints,
        session: Ints,
        place: Ints,
    ) -> None: ...
    def found(self) -> tuple[array[int], array[int]]: ...
    def axiom(self) -> None: ...
    def atomic(self, sessions: bool) -> None: ...
    def causal(self, order: Ints, before: Ints, first: int, width: int) -> None: ...
    def reads_from(self, order: Ints, candidates: Ints) -> None: ...
