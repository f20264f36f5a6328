"""What of many histories? One call for all: their verdicts, or only their values, which costs a few microseconds each.

The trap: `values_of` proves and explains nothing. It is for those who sift a corpus; whatever it refutes, `check` tells
the same of, with a witness.
"""

from collections.abc import Iterable

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.check import check
from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity, Verdict


def check_many(
    model: Model, histories: Iterable[History], budget: Budget | None = None, *, explain: bool = True
) -> list[Verdict]:
    """The verdict on each history, in their order; the budget is that of each. UsageError as `check`."""
    return [check(model, history, budget, explain=explain) for history in histories]


def values_of(model: Model, histories: Iterable[History], budget: Budget | None = None) -> list[Validity]:
    """The value of each verdict that `check` would give, in their order; the budget is that of each."""
    budget = budget or Budget()
    out = []
    for history in histories:
        value = _quickly(model, history, budget)
        out.append(check(model, history, budget, explain=False).value if value is None else value)
    return out


def _quickly(model: Model, history: History, budget: Budget) -> Validity | None:
    """The value, where the compiled search knows the step by heart and decides all keys in a first round."""
    if not kernel.BUILT:
        return None
    from splitbrain.checkers.porcupine.compiled import decided

    found = decided(model, history, budget)
    return None if found is None else Validity.VALID if found else Validity.INVALID
