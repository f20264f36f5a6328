"""Interner: makes every value of a history a small integer, by type and canonical form.

Pitfall: Python finds `1 == 1.0 == True`, but a history must not. So values are kept in tables apart by type, and a
nested value is known by the ids of its parts, never by its own equality.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from splitbrain.harness.compiled import built_from, require_current
from splitbrain.harness.operation import Value

require_current(built_from())
try:
    from splitbrain.harness import columns_native, sequences_native
except ImportError:  # not built: the classes below do it all
    columns_native = sequences_native = None  # type: ignore[assignment]

__all__ = ["DEPTH_MAX", "Interner", "Scalars", "columns_native"]

DEPTH_MAX = 100
"""The depth to which a value may be nested."""


class _Table(Protocol):
    def __getitem__(self, value: Any, /) -> int: ...


class Interner:
    """Values ↔ small integers, by type and canonical form; two values are equal if and only if their ids are.

    Lists become tuples, sets frozensets, subclasses (an enum of strings) their plain base.
    """

    __slots__ = ("depth", "names", "pairs", "tables", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        """The value of each id."""
        self.pairs = array("i")
        """The ids of both parts of each value that is a pair, two for each id; -1 where it is none, or was not asked.
        It may be shorter than the values are many."""
        self.depth = 0
        """The depth in a nested value at which the interning is just now."""
        self.tables = _Tables(self)
        """The table of each type: of a plain one value → id. For those in a hurry; `id` is the way."""
        self.names: Mapping[str, int] = cast("Scalars", self.tables[str])
        """The id of each string, a new one if it was never seen: `id` for values known to be strings."""

    def __len__(self) -> int:
        return len(self.values)

    def id(self, value: Value) -> int:
        """The id of a value, a new one if it was never seen. TypeError for what is not data, RecursionError for what is
        nested more than DEPTH_MAX deep."""
        return self.tables[type(value)][value]

    def ids(self, values: Sequence[Value]) -> list[int]:
        """The ids of many values, in their order."""
        tables = self.tables
        kinds = set(map(type, values))
        if len(kinds) == 1:
            return list(map(tables[kinds.pop()].__getitem__, values))
        return [tables[type(value)][value] for value in values]


class Scalars(dict[Any, int]):
    """Ids of hashable values of one type; a value never seen gets the next id."""

    def __init__(self, values: list[Value]) -> None:
        self.values_by_id = values

    def __missing__(self, value: Any) -> int:
        found = self[value] = len(self.values_by_id)
        self.values_by_id.append(value)
        return found


class _Nested:
    """Ids of values that hold others. `parts` gives the ids inside, `rebuild` the canonical value of such ids."""

    def __init__(self, pool: Interner, tables: "_Tables") -> None:
        self.pool = pool
        self.tables = tables
        self.known: dict[Any, int] = {}

    def __getitem__(self, value: Any) -> int:
        pool = self.pool
        if pool.depth == DEPTH_MAX:
            raise RecursionError(f"a value is nested more than {DEPTH_MAX} deep")
        pool.depth += 1
        try:
            parts = self.parts(value)
        finally:
            pool.depth -= 1
        found = self.known.get(parts)
        if found is None:
            rebuilt = self.rebuild(parts, value)
            found = self.known[parts] = len(self.pool.values)
            self.pool.values.append(rebuilt)
        return found

    def parts(self, value: Any) -> Any:
        tables = self.tables
        return tuple([tables[type(part)][part] for part in value])

    def rebuild(self, parts: Any, value: Any) -> Value:
        return tuple(map(self.pool.values.__getitem__, parts))


class _Sets(_Nested):
    def parts(self, value: Any) -> Any:
        return frozenset(map(self.pool.id, value))

    def rebuild(self, parts: Any, value: Any) -> Value:
        return frozenset(value)


class _Maps(_Nested):
    def parts(self, value: Any) -> Any:
        return frozenset(zip(map(self.pool.id, value), map(self.pool.id, value.values()), strict=True))

    def rebuild(self, parts: Any, value: Any) -> Value:
        values = self.pool.values
        return {key: values[self.pool.id(inner)] for key, inner in value.items()}


class _Plain:
    """Subclasses of a plain type: their values are turned into the base first."""

    def __init__(self, base: type, table: _Table) -> None:
        self.base = base
        self.table = table

    def __getitem__(self, value: Any) -> int:
        return self.table[self.base(value)]


_SCALARS = (type(None), bool, int, float, str)


class _Tables(dict[type, _Table]):
    """The table of each type, made when a value of the type is first seen."""

    def __init__(self, pool: Interner) -> None:
        self._pool = pool
        super().__init__()

    def __missing__(self, kind: type) -> _Table:
        table = self._table(kind)
        self[kind] = table
        return table

    def _table(self, kind: type) -> _Table:
        pool = self._pool
        if kind in _SCALARS:
            return Scalars(pool.values)
        if kind in _KINDS:
            return self.get(_KINDS[kind][1]) or _KINDS[kind][0](pool, self)
        for base in (int, float, str, tuple, list, dict, frozenset, set):
            if issubclass(kind, base):
                return _Plain(base, self[base])
        return Scalars(pool.values)


def _sequences(pool: Interner, tables: _Tables) -> _Table:
    slow = _Nested(pool, tables)
    return slow if sequences_native is None else sequences_native.Sequences(pool, tables, slow, Scalars)


_KINDS: dict[type, tuple[Callable[[Interner, _Tables], _Table], type]] = {
    list: (_sequences, tuple), tuple: (_sequences, list), set: (_Sets, frozenset), frozenset: (_Sets, set),
    dict: (_Maps, dict),
}  # fmt: skip
"""Makers of the tables of values that hold others, and the type that has the same one."""
