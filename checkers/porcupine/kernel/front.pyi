from collections.abc import Sequence

from splitbrain.checkers.porcupine.desk import Dispatcher
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict

def decided(desk: Dispatcher, history: History, spending: BudgetMeter) -> Verdict | None: ...
def decided_many(desk: Dispatcher, histories: Sequence[History], spending: BudgetMeter) -> list[int]: ...
