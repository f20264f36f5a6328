"""Traces: a small witness where the state has parts, registers or elements of a set."""

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.common.values import frozen
from splitbrain.checkers.porcupine import MODELS, UNSEEN, Call
from splitbrain.checkers.porcupine.models.multi_register import trace as of_registers
from splitbrain.checkers.porcupine.models.sets import trace as of_set
from splitbrain.harness.history import Event, History


def of(*operations: tuple[str, object, object]) -> History:
    """A history of operations one after another."""
    events = []
    for f, argument, result in operations:
        events += [(f, "invoke", argument), (f, "ok", result)]
    return History.of(
        Event(index=i, time=i, process=0, type=kind, f=f, value=value) for i, (f, kind, value) in enumerate(events)
    )


def test_a_transaction_leaves_what_it_wrote_last_and_saw_what_it_had_not_written() -> None:
    done = (("r", "x", 1), ("w", "x", 2), ("r", "x", 2), ("w", "y", 3), ("w", "y", 4), ("r", "z", None))
    found = of_registers(Call("txn", done, done))
    assert (found.left, found.seen, found.elsewhere) == ({"x": 2, "y": 4}, {"x": 1, "z": frozen(None)}, None)
    crashed = of_registers(Call("txn", done, UNSEEN))
    assert (crashed.left, crashed.seen) == ({"x": 2, "y": 4}, {})
    assert of_registers(Call("read", None, {"x": 1})).seen == {"x": 1}
    assert of_registers(Call("write", {"x": 1}, UNSEEN)).left == {"x": 1}


def test_a_read_of_a_set_saw_of_every_element_whether_it_was_there() -> None:
    found = of_set(Call("read", None, (1, 2)), answers=False)
    assert (found.left, found.seen, found.elsewhere) == ({}, {1: True, 2: True}, (False,))
    assert of_set(Call("add", 1, True), answers=False).seen == {}
    assert of_set(Call("add", 1, True), answers=True).seen == {1: False}
    assert of_set(Call("remove", 1, True), answers=True).seen == {1: True}
    assert of_set(Call("remove", 1, UNSEEN), answers=True).left == {1: False}
    assert of_set(Call("contains", 1, True), answers=False).seen == {1: True}


@pytest.mark.parametrize("other", [0, 20])
def test_the_witness_of_an_old_value_is_its_write_the_one_after_it_and_the_read(other: int) -> None:
    between = [("write", {"z": n}, {"z": n}) for n in range(other)]
    history = of(
        ("write", {"x": 1, "y": 1}, {"x": 1, "y": 1}), *between, ("write", {"x": 2}, {"x": 2}), *between,
        ("read", {"x": None, "y": None}, {"x": 1, "y": 1}),
    )  # fmt: skip
    witness = porcupine.check(MODELS["multi-register"].make(), history).witness
    assert witness is not None
    assert [history.event(event).value for event in witness.events[::2]] == [
        {"x": 1, "y": 1}, {"x": 2}, {"x": None, "y": None}
    ]  # fmt: skip


def test_the_witness_of_an_element_that_is_missing_has_nothing_of_the_others() -> None:
    others = [(f, n, n) for n in range(5, 25) for f in ("add", "remove")]
    history = of(("add", 1, 1), ("add", 2, 2), ("remove", 1, 1), *others, ("add", 1, 1), *others, ("read", None, (2,)))
    witness = porcupine.check(MODELS["lin-set"].make(), history).witness
    assert witness is not None
    told = [(history.event(event).f, history.event(event).value) for event in witness.events[::2]]
    assert told == [("add", 2), ("remove", 1), ("add", 1), ("read", None)]
