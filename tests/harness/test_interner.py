"""Interning: equal ids if and only if the same value, by type and form."""

from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.interner import Interner

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def form(value: object) -> object:
    """A value's type and canonical form, spelled out."""
    if isinstance(value, list | tuple):
        return ("sequence", tuple(map(form, value)))
    if isinstance(value, dict):
        return ("map", frozenset((key, form(inner)) for key, inner in value.items()))
    return (type(value).__name__, value)


def test_one_is_not_true_nor_one_point_nothing_nor_a_word():
    pool = Interner()
    assert len({pool.id(value) for value in (1, 1.0, True, "1", (1,), (1.0,), (True,), None, 0, False, "")}) == 11


def test_lists_and_tuples_are_one_and_so_are_sets_in_any_order():
    pool = Interner()
    assert pool.id([1, [2]]) == pool.id((1, (2,)))
    assert pool.id({1, 2}) == pool.id(frozenset([2, 1]))
    assert pool.id({"a": 1, "b": [2]}) == pool.id({"b": (2,), "a": 1})
    assert pool.values[pool.id([1, [2]])] == (1, (2,))


def test_an_enum_of_strings_is_its_word():
    class Kind(StrEnum):
        TIMEOUT = "timeout"

    pool = Interner()
    assert pool.id(Kind.TIMEOUT) == pool.id("timeout")
    assert type(pool.values[pool.id(Kind.TIMEOUT)]) is str


@given(st.lists(VALUES, max_size=8))
def test_ids_are_equal_exactly_where_forms_are(values):
    pool = Interner()
    ids = pool.ids(values)
    assert ids == [pool.id(value) for value in values]
    forms = list(map(form, values))
    assert [[a == b for b in ids] for a in ids] == [[a == b for b in forms] for a in forms]
    assert [form(pool.values[i]) for i in ids] == forms
