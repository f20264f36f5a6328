"""Replay of an order of transactions against an assumption on keys of registers: whether a key goes back.

Independent of the checkers: it reads the operations of the history, and knows no graph.
"""

from collections.abc import Sequence
from typing import Any

from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import frozen, shown
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

Places = dict[Any, list[int]]
"""Key → where a transaction meets its versions, in program order: writers of a version at an even place, its readers
right behind, those of the initial one at ABSENT."""


def backwards(history: History, order: Sequence[int], *, sessions: bool) -> str | None:
    """The reason that a key goes back to an older version, along sessions or else in real time, if versions are in the
    order of their writers in an order of rows; None if none does."""
    operations, session_of = history.operations(), sessions_of(history)
    met = _met(history, order)
    newest: dict[Any, int] = {}
    events = [(operations.invoke[txn], False, txn) for txn in order]
    events += [(operations.complete[txn], True, txn) for txn in order if operations.ended[txn] == EventType.OK]
    for _, ended, txn in sorted(events):
        for key, places in met[txn].items():
            group = (key, session_of[txn]) if sessions else key
            if ended:
                newest[group] = max(newest.get(group, ABSENT), *places)
            elif min(places) < newest.get(group, ABSENT) or _falls(places):
                return f"transaction {txn} meets an older version of {shown(key)} than was met before"
    return None


def _falls(places: Sequence[int]) -> bool:
    """Whether a transaction writes an older version than it had met."""
    return any(place % 2 == 0 and max(places[:at], default=ABSENT) > place for at, place in enumerate(places))


def _met(history: History, order: Sequence[int]) -> dict[int, Places]:
    operations, values = history.operations(), history.pool.values
    steps: dict[int, Sequence[Any]] = {}
    last: dict[Any, dict[int, Any]] = {}
    for txn in order:
        answer = values[operations.result[txn]] if operations.ended[txn] == EventType.OK else None
        steps[txn] = (values[operations.argument[txn]] if answer is None else answer) or ()
        for f, key, value in steps[txn]:
            if f != "r":
                last.setdefault(frozen(key), {})[txn] = frozen(value)
    place_of: dict[Any, dict[Any, tuple[int, int]]] = {}
    for key, made in last.items():
        place_of[key] = {value: (2 * at, txn) for at, (txn, value) in enumerate(made.items())}
    out: dict[int, Places] = {txn: {} for txn in order}
    for txn in order:
        wrote: set[Any] = set()
        for f, key, value in steps[txn]:
            name = frozen(key)
            if f != "r":
                wrote.add(name)
                out[txn].setdefault(name, []).append(place_of[name][last[name][txn]][0])
            elif operations.ended[txn] == EventType.OK and name not in wrote:
                place, writer = place_of.get(name, {}).get(frozen(value), (ABSENT, ABSENT))
                if value is None:
                    out[txn].setdefault(name, []).append(ABSENT)
                elif writer not in (ABSENT, txn):
                    out[txn].setdefault(name, []).append(place + 1)
    return out
