"""Fast path for short histories, where it is compiled; see `kernel/short_history.pyx`."""

from collections.abc import Sequence

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.monitor_batch import outcome
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict

if kernel.BUILT:
    from splitbrain.checkers.porcupine.kernel.short_history import decided, decided_many
    from splitbrain.checkers.porcupine.model_cache import give_back, take

SHORT, LONG = 4096, 200_000
"""Events. Of a history that is not short the search takes the time, and reading it twice would cost more than it saves.
So many that are long together are read at once."""


def decide_short(model: Model, history: History, spending: BudgetMeter) -> Verdict | None:
    """The verdict, if it is quickly found; else None."""
    if not kernel.BUILT or len(history.type) > SHORT:
        return None
    cache = take(model)
    verdict: Verdict | None = decided(cache, history, spending)
    give_back(cache)
    return verdict


def outcomes(model: Model, histories: Sequence[History], spending: BudgetMeter) -> Sequence[int]:
    """The outcome of each history: 1 if it is linearizable and something was observed, 0 if it is not, -1 if that takes
    more."""
    if not kernel.BUILT:
        return [-1] * len(histories)
    cache = take(model)
    found: list[int] = decided_many(cache, histories, spending)
    give_back(cache)
    for number, history in enumerate(histories):
        if found[number] > 0 and model.blind is not None:
            found[number] = -1  # whether anything was observed is another question
        elif found[number] < 0:
            found[number] = outcome(model, history)
    return found
