"""Hints for a foreign history that is invalid: the option that its recorder may have taken for granted.

Nothing is guessed: the verdict stays, and a note says which option would change it. Looked at are histories whose
values are all `[key value]` pairs (`keyed=true`), and those to which the initial value is the only objection
(`initial=…`).
"""

import json
from collections.abc import Callable, Iterator
from itertools import chain

from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity

CANDIDATES = 4
EVENTS_MAX = 100_000
"""Length beyond which a history is not checked again for the sake of a hint."""
WRITES = frozenset(("write", "put"))


def hints(history: History, begun_with: Callable[[str], Validity] | None) -> tuple[str, ...]:
    """Hints on a history that is invalid; often none.

    begun_with: what the verdict is if option `initial` is this word; UsageError if it cannot be. None if the initial
    value was given, or there is no such option.
    """
    keyed = keyed_hint(history)
    if keyed is not None:
        return (keyed,)
    word = fitting_initial(history, begun_with) if begun_with is not None else None
    if word is None:
        return ()
    return (f"nothing but the initial value stands against it: if it began with {word}, say --set 'initial={word}'",)


def keyed_hint(history: History) -> str | None:
    """The hint on a history whose values are all `[key value]` pairs; None on any other."""
    if not looks_keyed(history):
        return None
    operations, values = history.operations(), history.pool.values
    if all(is_pair(values[argument]) for argument in operations.argument):
        return "every value is a [key value] pair: where the first of each is a key, say --set keyed=true"
    return (
        "every value is a [key value] pair, but for invocations without one: where the first of each is a key, give "
        "these theirs, as [key nil], and say --set keyed=true"
    )


def looks_keyed(history: History) -> bool:
    """Whether no operation has a key, and every value of a client is a pair (of a cas a key and a pair)."""
    operations, values = history.operations(), history.pool.values
    told = False
    for f, key, argument, result, ended in zip(
        operations.f, operations.key, operations.argument, operations.result, operations.ended, strict=True
    ):
        if key != ABSENT:
            return False
        for value in (argument, result) if ended == EventType.OK else (argument,):
            found = values[value]
            if found is None and value == argument:
                continue
            if not is_pair(found) or (values[f] == "cas" and not is_pair(found[1])):
                return False
            told = True
    return told


def is_pair(value: Value) -> bool:
    """Whether a value may be a key and a value."""
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], int | str)


def fitting_initial(history: History, begun_with: Callable[[str], Validity]) -> str | None:
    """A value of the option `initial` under which the history is valid, as a word; None if none is found."""
    if len(history) > EVENTS_MAX:
        return None
    tried: set[str] = set()
    for value in chain(first_seen(history), never_written(history)):
        word = word_of(value)
        if word is None or word in tried:
            continue
        tried.add(word)
        try:
            if begun_with(word) is Validity.VALID:
                return word
        except UsageError:
            return None
        if len(tried) == CANDIDATES:
            return None
    return None


def first_seen(history: History) -> Iterator[Value]:
    """The values that reads and cas saw before a write of their key had returned."""
    operations, values = history.operations(), history.pool.values
    written: dict[int, int] = {}
    for f, key, complete, ended in zip(
        operations.f, operations.key, operations.complete, operations.ended, strict=True
    ):
        if ended == EventType.OK and values[f] in WRITES:
            written[key] = min(written.get(key, complete), complete)
    for row, ended in enumerate(operations.ended):
        f = values[operations.f[row]]
        if ended != EventType.OK or f in WRITES:
            continue
        if operations.invoke[row] < written.get(operations.key[row], len(history)):
            seen = values[operations.argument[row] if f == "cas" else operations.result[row]]
            if f == "cas":
                seen = seen[0] if isinstance(seen, tuple) and seen else None
            yield from seen.values() if isinstance(seen, dict) else (seen,)


def never_written(history: History) -> Iterator[Value]:
    """The values that were seen and that no operation wrote: what is left of a deletion, or what the first write of a
    key returned as the one before."""
    operations, values = history.operations(), history.pool.values
    written, seen = set[str | None](), dict[str | None, Value]()
    for f, argument, result, ended in zip(
        operations.f, operations.argument, operations.result, operations.ended, strict=True
    ):
        name = values[f]
        if name in WRITES or values[argument] is not None:  # else it only asks
            written.update(map(word_of, parts(values[argument])))
        if ended == EventType.OK and (result != argument or name not in WRITES):
            seen.update((word_of(value), value) for value in parts(values[result]))
    yield from (value for word, value in seen.items() if word is not None and word not in written)


def parts(value: Value) -> Iterator[Value]:
    """A value, or those of a collection."""
    yield from value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)


def word_of(value: Value) -> str | None:
    """A value as `--set` takes it; None for what cannot be said there."""
    if value is None:
        return "nil"
    return json.dumps(value) if isinstance(value, bool | int | float | str) else None
