from collections.abc import Callable, Sequence

from splitbrain.checkers.porcupine.model import Call, Model
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import History

def holds(
    model: Model,
    history: History,
    order: tuple[int, ...],
    codes: dict[int, int] | None,
    textual: bool,
    is_refusal: Callable[[int], bool],
    call_at: Callable[[int], Call],
    spending: Spending,
) -> bool: ...
def merge(orders: Sequence[tuple[int, ...]], events: int) -> tuple[int, ...]: ...
