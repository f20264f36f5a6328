"""Contents of a machine, and its memory of its clients."""

from typing import Any

import pytest

from splitbrain.targets.stores.machine import FORGET_AFTER, Machine, same
from splitbrain.targets.stores.messages import EXPIRED, Request, Response, age, session_name


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


def session_of(number: int) -> str:
    """The name of the session that is given as the so manyth."""
    return session_name("n1", 1000 * number, number)


def grown_old(machine: Machine, number: int) -> None:
    """Have another session ask for so much that all that have asked before expire."""
    for sequence in range(FORGET_AFTER):
        machine.apply(Request("write", "other", sequence, session_of(number), sequence + 1))


def test_later_sessions_are_younger_whatever_their_node_is_called() -> None:
    names = [session_name(node, clock, number) for node, clock, number in (("z", 9, 9), ("a.b", 15, 10), ("n", 16, 11))]
    assert sorted(names, key=age, reverse=True) == names[::-1]
    assert age("s") < age(names[0])


@pytest.mark.parametrize("sequence", [1, 2])
def test_a_request_of_an_expired_session_is_refused_and_never_carried_out_again(sequence: int) -> None:
    machine = Machine()
    for number in range(sequence):
        machine.apply(Request("append", "x", number, session_of(1), number + 1))
    held = machine.read("x")
    grown_old(machine, 2)
    again = machine.apply(Request("append", "x", sequence - 1, session_of(1), sequence))
    assert again is not None and again.error == EXPIRED and machine.refused == 1
    assert machine.apply(Request("append", "x", 9, session_of(1), sequence + 1)) == again
    assert machine.read("x") == held


def test_a_session_that_is_younger_than_all_that_expired_is_served_whatever_its_first_number() -> None:
    machine = Machine()
    machine.apply(Request("write", "x", 0, session_of(1), 1))
    grown_old(machine, 2)
    for number, sequence in ((3, 1), (4, 7)):
        answer = machine.apply(Request("write", "x", number, session_of(number), sequence))
        assert answer is not None and answer.error is None
    assert machine.read("x").value == 4


def test_replicas_agree_on_what_expired_over_a_snapshot() -> None:
    machine, other = Machine(), Machine()
    machine.apply(Request("write", "x", 0, session_of(1), 1))
    grown_old(machine, 2)
    other.restore(machine.dump())
    assert other.dump() == machine.dump()
    answer = other.apply(Request("write", "x", 0, session_of(1), 1))
    assert answer is not None and answer.error == EXPIRED
    assert machine.account(1).expired == other.account(1).expired == age(session_of(1))
