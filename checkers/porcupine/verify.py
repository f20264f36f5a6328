"""Fast verification of orders by the compiled verifier, where it is built.

`is_proof` may return False for a good order, when time runs out or nothing is compiled; `certificate.objection`
decides.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.certificate import merged
from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History


def is_proof(model: Model, history: History, order: tuple[int, ...], spending: BudgetMeter) -> bool:
    """Whether the order (indexes of invocations) is known to be a proof. What the model raises comes through."""
    if not kernel.BUILT:
        return False
    from splitbrain.checkers.porcupine.kernel import verify

    return verify.is_proof(model, history, order, spending)


def merged_order(history: History, orders: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """One order of the whole history from an order of each key; see `certificate.merged`."""
    if len(orders) == 1:
        return orders[0]
    if not kernel.BUILT:
        return tuple(merged(orders))
    from splitbrain.checkers.porcupine.kernel.verify import merge

    return merge(orders, len(history))
