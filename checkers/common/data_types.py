"""Data types of histories, by what was done: register, set, list or counter."""

from collections.abc import Sequence
from enum import StrEnum

from splitbrain.checkers.common.values import shown
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value


class DataType(StrEnum):
    """The type of data that a history is about."""

    REGISTER = "register"
    SET = "set"
    LIST = "list"
    COUNTER = "counter"


def data_type(history: History) -> DataType:
    """The data type of a history. `add` is of a counter where a read returned a number, else of a set. Where clients
    only read, collections are sets."""
    operations, values = history.operations(), history.pool.values
    names = {values[f] for f in set(operations.f)}
    if "increment" in names:
        return DataType.COUNTER
    if "append" in names:
        return DataType.LIST
    read = [
        values[result]
        for f, ended, result in zip(operations.f, operations.ended, operations.result, strict=True)
        if ended == EventType.OK and values[f] == "read"
    ]
    if "add" in names:
        numbers = any(isinstance(value, int | float) and not isinstance(value, bool) for value in read)
        return DataType.COUNTER if numbers else DataType.SET
    collections = "remove" in names or (names == {"read"} and any(isinstance(v, tuple | frozenset) for v in read))
    return DataType.SET if collections else DataType.REGISTER


def elements_of(value: Value) -> Sequence[Value]:
    """The elements that a read returned; nil is the empty set. UsageError if it is no collection."""
    if value is None:
        return ()
    if not isinstance(value, tuple | frozenset):
        raise UsageError(f"a read of a set returns its elements, not {shown(value)}")
    return list(value)
