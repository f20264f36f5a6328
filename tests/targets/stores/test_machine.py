"""Contents of a machine, and its memory of its clients."""

from typing import Any

import pytest

from splitbrain.targets.stores.machine import Machine, same
from splitbrain.targets.stores.messages import Request, Response


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1, True),
        (1, True, False),
        (1, 1.0, False),
        (1, "1", False),
        (None, None, True),
        (None, 0, False),
        ((1, 2), [1, 2], True),
        ((1, True), (1, 1), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ],
)
def test_values_are_compared_as_a_client_sees_them(a: Any, b: Any, expected: bool) -> None:
    assert same(a, b) is expected


def test_keys_that_python_takes_for_one_are_several() -> None:
    machine = Machine()
    keys = ["1", 1, True, 1.0, None, (1,)]
    for number, key in enumerate(keys):
        machine.apply(Request("write", key, number, "s", number))
    assert [machine.read(key).value for key in keys] == list(range(len(keys)))


def test_a_failed_cas_changes_nothing() -> None:
    machine = Machine()
    machine.apply(Request("write", "x", 1, "s", 1))
    failed = machine.apply(Request("cas", "x", [2, 3], "s", 2))
    assert failed is not None
    assert failed.error == "precondition"
    assert machine.read("x") == Response(1, 1)


def test_a_session_is_answered_once_and_again_the_same() -> None:
    machine = Machine()
    first = machine.apply(Request("cas", "x", [None, 1], "s", 5))
    machine.apply(Request("write", "x", None, "other", 1))
    assert machine.apply(Request("cas", "x", [None, 1], "s", 5)) == first
    assert machine.read("x") == Response(None, 2)
    assert machine.apply(Request("write", "x", 9, "s", 4)) is None
    assert machine.read("x") == Response(None, 2)
