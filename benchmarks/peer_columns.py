"""Histories as columns of numbers for Porcupine's driver; what stands in them says `peers/porcupine/history.go`."""

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

OK, INFO = int(EventType.OK), int(EventType.INFO)
READS = ("read", "get")
UNKNOWN = -1
"""A result, or a revision, that nobody saw."""


def columns(model: str, history: History) -> dict[str, Any]:
    """A history as the driver reads it (see `history.go`)."""
    operations, values = history.operations(), history.pool.values
    taken = [
        row
        for row, ended in enumerate(operations.ended)
        if ended == OK or (ended == INFO and values[operations.f[row]] not in READS)
    ]
    numbers: dict[int, int] = {}
    out: dict[str, Any] = {
        "model": model,
        "f": [values[operations.f[row]] for row in taken],
        "key": [numbers.setdefault(operations.key[row], len(numbers)) for row in taken],
        "call": [operations.invoke[row] for row in taken],
        "return": [operations.complete[row] if operations.ended[row] == OK else ABSENT for row in taken],
    }
    return out | PARTS[model](history, taken)


def _of_register(history: History, taken: Sequence[int]) -> dict[str, Any]:
    operations, values, number = history.operations(), history.pool.values, history.pool.id
    comparing = history.pool.names["cas"]
    first, second = [], []
    for row in taken:
        argument = operations.argument[row]
        old, new = values[argument] if operations.f[row] == comparing else (None, None)
        first.append(number(old) if operations.f[row] == comparing else argument)
        second.append(number(new))
    seen = [operations.result[row] for row in taken]
    return {"initial": number(None), "argument": first, "second": second, "result": seen}


def _of_container(history: History, taken: Sequence[int]) -> dict[str, Any]:
    """Items as numbers from 1 on; 0 for nil, UNKNOWN for a result that nobody saw."""
    operations, nil = history.operations(), history.pool.id(None)
    numbers: dict[int, int] = {nil: 0}
    argument = [numbers.setdefault(operations.argument[row], len(numbers)) for row in taken]
    result = [
        numbers.setdefault(operations.result[row], len(numbers)) if operations.ended[row] == OK else UNKNOWN
        for row in taken
    ]  # fmt: skip
    return {"argument": argument, "result": result}


def _of_kv(history: History, taken: Sequence[int]) -> dict[str, Any]:
    operations, values = history.operations(), history.pool.values
    texts = [
        values[operations.result[row] if values[operations.f[row]] == "get" else operations.argument[row]]
        for row in taken
    ]
    return {"text": texts}


def _of_numbers(history: History, taken: Sequence[int]) -> dict[str, Any]:
    """Arguments and results that are numbers already: 0 for nil."""
    operations, values = history.operations(), history.pool.values
    result = [values[operations.result[row]] or 0 if operations.ended[row] == OK else UNKNOWN for row in taken]
    return {"argument": [values[operations.argument[row]] or 0 for row in taken], "result": result}


def _of_versions(history: History, taken: Sequence[int]) -> dict[str, Any]:
    revision = history.operations().revision
    return _of_numbers(history, taken) | {"revision": [revision[row] for row in taken]}


def _of_set(history: History, taken: Sequence[int]) -> dict[str, Any]:
    """Elements from 0 to 62; what a read saw as the bits of a number."""
    operations, values = history.operations(), history.pool.values
    seen = [values[operations.result[row]] if values[operations.f[row]] == "read" else () for row in taken]
    return {
        "argument": [values[operations.argument[row]] or 0 for row in taken],
        "result": [sum(1 << element for element in elements) for elements in seen],
    }


def _of_registers(history: History, taken: Sequence[int]) -> dict[str, Any]:
    """Registers by number; 0 for nil, so values are told from 1 on."""
    operations, values = history.operations(), history.pool.values
    numbers: dict[str, int] = {}
    pairs = []
    for row in taken:
        told = values[operations.result[row] if values[operations.f[row]] == "read" else operations.argument[row]]
        numbered = [(numbers.setdefault(name, len(numbers)), value) for name, value in told.items()]
        pairs.append([(number, 0 if value is None else value + 1) for number, value in numbered])
    return {"pairs": pairs}


PARTS = {
    "register": _of_register,
    "kv": _of_kv,
    "kv-whole": _of_kv,
    "fifo-queue": _of_container,
    "stack": _of_container,
    "deque": _of_container,
    "priority-queue": _of_numbers,
    "lin-counter": _of_numbers,
    "versioned-kv": _of_versions,
    "lin-set": _of_set,
    "multi-register": _of_registers,
}
"""By the driver's name of the model."""
