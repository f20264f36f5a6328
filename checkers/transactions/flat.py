"""Micro-operations of each transaction as numbers, for the compiled parts.

They are as the reader of lines left them, where nobody asked for their values yet, or else made from the values.
"""

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.value_column import gathered

try:
    from splitbrain.checkers.transactions import flat_native
except ImportError:  # installed without a C compiler
    flat_native = None  # type: ignore[assignment]

WRITES = {"list-append": "append", "rw-register": "w"}


def flat_transactions(history: History, *, lists: bool) -> "flat_native.FlatTransactions | None":
    """The micro-operations of all transactions; None where a value is something else, or nothing is compiled."""
    if flat_native is None:
        return None
    operations, pool, column = history.operations(), history.pool, history.value_column
    word = WRITES["list-append" if lists else "rw-register"]
    if column.flat is not None:
        asked, told = (gathered(column.raw, positions) for positions in (operations.invoke, operations.complete))
        ids = (_id(history, one) for one in (word, "r", None))
        found = flat_native.left_flat(operations.ended, asked, told, column.flat, pool.values, *ids)
        if found is not None:
            return found
    columns = (operations.ended, operations.argument, operations.result)
    return flat_native.from_tuples(*columns, pool.values, _object(history, word), _object(history, "r"), lists)


def _object(history: History, word: str) -> Value:
    """The object by which a pool knows a word; another one if it does not."""
    found = _id(history, word)
    return word if found == ABSENT else history.pool.values[found]


def _id(history: History, value: Value) -> int:
    """The id of a plain value in the pool of a history, or ABSENT."""
    table = history.pool.tables[type(value)]
    found: int = table.get(value, ABSENT)  # type: ignore[attr-defined]
    return found
