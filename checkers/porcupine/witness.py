"""Why is a history not linearizable?"""

from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict


def explained(model: Model, history: History, verdict: Verdict, spending: Spending) -> Verdict:
    return verdict
