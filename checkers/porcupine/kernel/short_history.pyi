from collections.abc import Sequence

from splitbrain.checkers.porcupine.model_cache import ModelCache
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict

def decided(cache: ModelCache, history: History, spending: BudgetMeter) -> Verdict | None: ...
def decided_many(cache: ModelCache, histories: Sequence[History], spending: BudgetMeter) -> list[int]: ...
