"""Which values are the same? Interning: every value of a history becomes a small integer, by type and canonical form.

The trap: Python finds `1 == 1.0 == True`, but a history must not. So values are kept in tables apart by type, and a
nested value is known by the ids of its parts, never by its own equality.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from splitbrain.harness.operation import Value

try:
    from splitbrain.harness import intake
except ImportError:  # not built: the classes below do it all
    intake = None  # type: ignore[assignment]

__all__ = ["DEPTH_MAX", "Pool", "Scalars", "intake"]

DEPTH_MAX = 100
"""How deeply a value may be nested."""


class _Table(Protocol):
    def __getitem__(self, value: Any, /) -> int: ...


class Pool:
    """Values ↔ small integers, by type and canonical form; two values are equal if and only if their ids are.

    Lists become tuples, sets frozensets, subclasses (an enum of strings) their plain base.
    """

    __slots__ = ("_tables", "depth", "names", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        """The value of each id."""
        self.depth = 0
        """How deep in a nested value the interning is just now."""
        self._tables = _Tables(self)
        self.names: Mapping[str, int] = cast("Scalars", self._tables[str])
        """The id of each string, a new one if it was never seen: `id` for values known to be strings."""

    def __len__(self) -> int:
        return len(self.values)

    def id(self, value: Value) -> int:
        """The id of a value, a new one if it was never seen. TypeError for what is not data, RecursionError for what is
        nested more than DEPTH_MAX deep."""
        return self._tables[type(value)][value]

    def ids(self, values: Sequence[Value]) -> list[int]:
        """The ids of many values, in their order."""
        tables = self._tables
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

    def __init__(self, pool: Pool, tables: "_Tables") -> None:
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


class _Tables(dict[type, _Table]):
    """The table of each type, made when a value of the type is first seen."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        sequences: _Table = _Nested(pool, self)
        if intake is not None:
            sequences = intake.Sequences(pool, self, sequences, Scalars)
        sets, maps = _Sets(pool, self), _Maps(pool, self)
        super().__init__({list: sequences, tuple: sequences, set: sets, frozenset: sets, dict: maps})
        for kind in (type(None), bool, int, float, str):
            self[kind] = Scalars(pool.values)

    def __missing__(self, kind: type) -> _Table:
        for base in (int, float, str, tuple, list, dict, frozenset, set):
            if issubclass(kind, base):
                table: _Table = _Plain(base, self[base])
                break
        else:
            table = Scalars(self._pool.values)
        self[kind] = table
        return table
