from splitbrain.checkers.transactions.graph import Ints
from splitbrain.checkers.transactions.history import TransactionHistory

class SuspectSearch:
    reads: list[int]
    inside: list[int]
    scrambled: list[int]
    lost: list[int]
    def __init__(self, of: TransactionHistory, place: Ints) -> None: ...
