"""Monitor of sets of which every operation is about one element: decides element by element.

Such a set is a product of independent objects, one for each element that may be in it. A history of independent objects
is linearizable if and only if that of each is (Herlihy & Wing 1990, §3.3, locality), crashed operations included, for
whether one took effect concerns its element alone. Each element has two states, so its part is left to the search; what
the search cannot decide with a small limit is not decided here either. The orders are merged as those of keys are.

Pitfall: a read of the whole set is about all elements at once. With one of them nothing can be taken apart. An element
that is refuted is a core, for all calls about one element can go together.
"""

from collections.abc import Hashable

from splitbrain.checkers.porcupine.certificate import merged
from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.history import Interner


def elements(case: MonitorInput) -> Decision | None:
    """A set with add, remove and contains alone."""

    def meaning(call: Call, pool: Interner) -> tuple[Hashable] | None:
        return (pool.id(call.argument),) if call.f in ("add", "remove", "contains") else None

    found = case.meanings(meaning)
    if found is None:
        return None
    members: dict[Hashable, list[int]] = {}
    for operation, (element,) in enumerate(found):
        members.setdefault(element, []).append(operation)
    if len(members) < 2:
        return None
    table = Table(case.model, case.prepared.classes)
    orders = []
    for operations in members.values():
        part = subproblem(case.problem, operations)
        outcome = search(part, case.prepared, table, case.spending, 2_000 + 50 * len(part))
        if outcome.linearizable is None:
            return None
        if not outcome.linearizable:
            return refuted(operations)
        orders.append([operations[place] for place in outcome.order])
    return Decision(merged(orders))
