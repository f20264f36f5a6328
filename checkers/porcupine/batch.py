"""Checks of many histories in one call: their verdicts, or only the values, which cost a few microseconds each.

Where the compiled front is built, many are read and searched in one go; whatever that leaves open, `check` decides.
Pitfall: `values_of` proves and explains nothing. It is for those who sift a corpus; whatever it refutes, `check` tells
the same of, with a witness.
"""

from collections.abc import Iterable, Iterator

from splitbrain.checkers.porcupine.check_history import check
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.short_history import LONG, outcomes
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity, Verdict

_VALUES = (Validity.INVALID, Validity.VALID, Validity.UNKNOWN)
"""By outcome: 0, 1, and -1 until `check` is asked."""


def check_many(
    model: Model, histories: Iterable[History], budget: Budget | None = None, *, explain: bool = True
) -> list[Verdict]:
    """The verdict on each history, in their order; the budget is that of each. UsageError as `check`."""
    return [check(model, history, budget, explain=explain) for history in histories]


def values_of(model: Model, histories: Iterable[History], budget: Budget | None = None) -> list[Validity]:
    """The value of each verdict that `check` would give, in their order; the budget is that of each."""
    budget = budget or Budget()
    out: list[Validity] = []
    for some in _batches(histories):
        found = outcomes(model, some, budget.start())
        values = [_VALUES[outcome] for outcome in found]
        if -1 in found:
            for number, outcome in enumerate(found):
                if outcome < 0:
                    values[number] = check(model, some[number], budget, explain=False).value
        out += values
    return out


def _batches(histories: Iterable[History]) -> Iterator[list[History]]:
    """Neighbours together, as many as hold LONG events."""
    some: list[History] = []
    events = 0
    for history in histories:
        if some and events + len(history.type) > LONG:
            yield some
            some, events = [], 0
        some.append(history)
        events += len(history.type)
    if some:
        yield some
