from array import array
from typing import Any

from splitbrain.harness.micro_operations_native import MicroOperations

class FlatTransactions:
    atoms: list[Any]
    count: int

def left_flat(
    ended: array[int],
    argument: array[int],
    result: array[int],
    steps: MicroOperations,
    atoms: list[Any],
    word: int,
    read_word: int,
    none: int,
) -> FlatTransactions | None: ...
def from_tuples(
    ended: array[int],
    argument: array[int],
    result: array[int],
    values: list[Any],
    word: object,
    read_word: object,
    lists: bool,
) -> FlatTransactions | None: ...
