from array import array

from splitbrain.checkers.causal.columns import Columns

class OrderCheck:
    op: int
    other: int
    wrong: int
    def __init__(self, columns: Columns, order: array[int], arbitration: bool) -> None: ...
    def step(self, most: int) -> bool: ...
