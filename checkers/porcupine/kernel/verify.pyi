from collections.abc import Sequence

from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History

def is_proof(model: Model, history: History, order: tuple[int, ...], spending: BudgetMeter) -> bool: ...
def merge(orders: Sequence[tuple[int, ...]], events: int) -> tuple[int, ...]: ...
