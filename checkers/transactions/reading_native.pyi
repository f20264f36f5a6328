from array import array
from collections.abc import Callable
from typing import Any

from splitbrain.checkers.transactions.flat_native import FlatTransactions

class ColumnReader:
    starts: array[int]
    owner: array[int]
    key: array[int]
    low: array[int]
    high: array[int]
    elements: array[int]
    longest: array[int]
    base: array[int]
    version_key: array[int]
    version_writer: array[int]
    version_op: array[int]
    after: array[int]
    write: bytearray
    own: bytearray
    last: bytearray
    member: bytearray
    keys: list[Any]
    version_value: list[Any]
    def __init__(self, lists: bool, above: Callable[[Any, Any], bool]) -> None: ...
    def read(self, flat: FlatTransactions, ended: array[int]) -> bool: ...
