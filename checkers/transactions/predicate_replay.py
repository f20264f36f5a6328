"""Replay of an order of transactions that read by predicates, on a toy store.

Independent of the edges: it knows a state and the micro-operations.
"""

from collections.abc import Iterator, Sequence

from splitbrain.checkers.common.values import same, shown
from splitbrain.checkers.transactions.predicates import TXN, Name, asked, matches, name_of, rows_of
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value


def replayed(history: History, order: Sequence[int], init: int) -> str | None:
    """The reason that an order of rows does not explain all reads, carried out; None if it does."""
    operations = history.operations()
    state: dict[Name, Value] = {}
    if init != ABSENT:
        state |= rows_of(asked(history, init))
    for row in order:
        ok = operations.ended[row] == EventType.OK
        for step in asked(history, row):
            name = None if step[0] == "rp" else name_of(step[1])
            if step[0] == "rp":
                seen = {other: value for other, value in state.items() if matches(step[1], value)}
                wrong = ok and not same(seen, dict(rows_of(step[2])))
            elif step[0] == "r":
                wrong = ok and not same(state.get(name), step[2])
            else:
                state[name], wrong = None if step[0] == "delete" else step[2], False
            if wrong:
                return f"T{operations.invoke[row]} cannot have read {shown(step[2])}"
    missing = set(_succeeded(history)) - set(order)
    return f"T{operations.invoke[min(missing)]} is not in the order" if missing else None


def _succeeded(history: History) -> Iterator[int]:
    operations, values = history.operations(), history.pool.values
    return (r for r, f in enumerate(operations.f) if values[f] == TXN and operations.ended[r] == EventType.OK)
