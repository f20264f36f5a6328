from collections.abc import Sequence

from splitbrain.checkers.porcupine.desk import Desk
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict

def decided(desk: Desk, history: History, spending: Spending) -> Verdict | None: ...
def decided_many(desk: Desk, histories: Sequence[History], spending: Spending) -> list[int]: ...
