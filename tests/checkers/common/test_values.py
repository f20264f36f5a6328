"""Values for people, and the way back from their hashable forms."""

import pytest

from splitbrain.checkers.common.values import frozen, same, shown, thawed
from splitbrain.harness.operation import Value

VALUES = [
    None, True, 0, 1.5, "a", "two words", (), (1, (2, "x")), [1], frozenset(), frozenset({7, 1, 10}), {}, {"x": 1},
    {"x": (1, {"y": None}), "a b": frozenset({"z"})}, (1,), ("tuple", 1), frozenset({(1, 2)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nil"), (True, "true"), ("a", "a"), ("two words", '"two words"'), ((1, (2, "x")), "[1 [2 x]]"),
        ([1, 2], "[1 2]"), (frozenset({7, 1, 10}), "{1 7 10}"), ({"x": 1, "a b": None}, '{x 1, "a b" nil}'),
        ({1: frozenset()}, "{1 {}}"),
    ],
)  # fmt: skip
def test_no_value_is_shown_as_python_has_it(value: Value, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize("value", VALUES)
def test_what_was_frozen_is_thawed(value: Value) -> None:
    plain = tuple(value) if isinstance(value, list) else value
    assert same(thawed(frozen(value)), plain)
