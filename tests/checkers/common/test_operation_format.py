"""Operations in words: of long values the first items."""

import pytest

from splitbrain.checkers.common.operation_format import short


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (tuple(range(14)), "[0 1 2 3 4 5 6 7 8 9 10 11 … and 2 more]"),
        (frozenset(range(14)), "{0 1 2 3 4 5 6 7 8 9 10 11 … and 2 more}"),
        (dict.fromkeys("abcdefghijklm", 1), "{" + ", ".join(f"{key} 1" for key in "abcdefghijkl") + " … and 1 more}"),
        ((1, 2), "[1 2]"),
        (None, "nil"),
    ],
)
def test_of_a_long_value_the_first_items_are_shown(value: object, words: str) -> None:
    assert short(value) == words
