"""Descriptions of operations in words, `cas 3 → 4`, for witnesses, the terminal and the page.

Imports nothing of histories: what a command says when it cannot start goes this way, too.
"""

from collections.abc import Callable, Mapping

from splitbrain.checkers.common.values import shown
from splitbrain.harness.operation import EventType, Value

SHOWN_ITEMS = 12
WITHOUT_ANSWER = ("acquire", "release", "use")
"""Operations whose nil says nothing."""


def short(value: Value) -> str:
    """A value of which no more than the first items are shown."""
    if not isinstance(value, tuple | list | frozenset | set | Mapping) or len(value) <= SHOWN_ITEMS:
        return shown(value)
    if isinstance(value, Mapping):
        words = shown(dict(list(value.items())[:SHOWN_ITEMS]))
    elif isinstance(value, tuple | list):
        words = shown(value[:SHOWN_ITEMS])
    else:  # in an order that does not depend on hashes
        words = "{" + " ".join(sorted(map(shown, value), key=lambda word: (len(word), word))[:SHOWN_ITEMS]) + "}"
    return f"{words[:-1]} … and {len(value) - SHOWN_ITEMS:,} more{words[-1]}"


def operation(f: str, argument: Value, result: Value, ended: EventType, tell: Callable[[Value], str]) -> str:
    """An operation in words: `read → 4`, `write 5`, `cas 3 → 4`. Seen only after `OK`. A transaction is shown once,
    with what it read; so is a read of keys that returned their values. tell: a value in words."""
    if f == "cas" and isinstance(argument, list | tuple) and len(argument) == 2:
        return f"{f} {tell(argument[0])} → {tell(argument[1])}"
    text = f if argument is None else f"{f} {tell(argument)}"
    if ended != EventType.OK or (result is None and (argument is not None or f in WITHOUT_ANSWER)):
        return text
    if argument is not None and result == argument:
        return text
    if _micro_operations(argument) and _micro_operations(argument) == _micro_operations(result):
        return f"{f} {tell(result)}"
    keys = isinstance(argument, list | tuple) and isinstance(result, Mapping) and list(argument) == list(result)
    return f"{f if keys else text} → {tell(result)}"


def _micro_operations(data: Value) -> list[tuple[Value, Value]] | None:
    """The operations and keys of a transaction; None for any other value."""
    if not isinstance(data, list | tuple) or not all(isinstance(one, list | tuple) and len(one) == 3 for one in data):
        return None
    return [(one[0], one[1]) for one in data]
