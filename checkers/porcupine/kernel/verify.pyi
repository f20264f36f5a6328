from collections.abc import Callable, Mapping, Sequence

from splitbrain.checkers.porcupine.model import Call, Model
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History

def holds(
    model: Model,
    history: History,
    order: tuple[int, ...],
    by_heart: Mapping[str, int] | None,
    textual: bool,
    call_at: Callable[[Model, History, int], Call],
    spending: BudgetMeter,
) -> bool: ...
def merge(orders: Sequence[tuple[int, ...]], events: int) -> tuple[int, ...]: ...
