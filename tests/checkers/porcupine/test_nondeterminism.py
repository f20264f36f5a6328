"""Nondeterministic models: sets of states say the same as trying every order with every choice."""

from random import Random
from typing import Any

import pytest

from splitbrain.checkers.porcupine import Call, check, nondeterministic
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from . import small
from .brute import SmallOperation, operations
from .histories import recorded
from .lossy_bag import LOSSY_BAG, Bag, step


def linearizable(events: list[Event]) -> bool:
    """Whether some order and some choice of states explains all that completed."""
    ops = [op for op in operations(LOSSY_BAG, events) if op.complete is not None or op.call.f != "count"]
    return any(explained(ops, bag) for bag in ((),))


def explained(left: list[SmallOperation], bag: Bag) -> bool:
    if all(op.complete is None for op in left):
        return True
    for op in left:
        if any(other.complete is not None and other.complete < op.invoke for other in left):
            continue
        rest = [other for other in left if other is not op]
        if any(explained(rest, after) for after in step(bag, op.call)):
            return True
    return False


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_sets_of_states_say_the_same_as_every_choice(count: int) -> None:
    family, invalid = small.FAMILIES["nondeterministic"], 0
    for seed in range(count):
        events = [event for event in small.history(family, Random(f"choices {seed}")) if not isinstance(event.key, str)]
        expected = linearizable(events)
        verdict = check(LOSSY_BAG, History.of(events), explain=False)
        assert (verdict.value is not Validity.INVALID) == expected, seed
        invalid += not expected
    assert invalid > count // 10


def test_a_witness_tells_all_states_that_there_may_be() -> None:
    verdict = check(LOSSY_BAG, recorded("0 invoke put 1", "0 ok put 1", "0 invoke count", "0 ok count 2"))
    assert verdict.value is Validity.INVALID and verdict.witness is not None
    assert "[1] or []" in " ".join(verdict.witness.words)


def test_several_states_at_first() -> None:
    coin = nondeterministic(
        name="coin", summary="a coin that lies there", operations=("look",), initial=("heads", "tails"),
        step=lambda side, call: (side,) if call.result == side else (), observes=frozenset({"look"}),
    )  # fmt: skip
    twice = ("0 invoke look", "0 ok look heads", "0 invoke look", "0 ok look {}")
    for second, value in (("heads", Validity.VALID), ("tails", Validity.INVALID)):
        assert check(coin, recorded(*(line.format(second) for line in twice))).value is value


def test_a_step_that_forgets_to_return_is_told_with_its_line() -> None:
    def forgets(state: int, call: Call) -> Any:  # noqa: RET503 - what it is for
        if call.f == "add":
            return (state, state + call.argument)

    model = nondeterministic(
        name="mine", summary="mine", operations=("add", "read"), initial=(0,), step=forgets,
        observes=frozenset({"read"}),
    )  # fmt: skip
    verdict = check(model, recorded("0 invoke add 1", "0 ok add 1", "0 invoke read", "0 ok read 1"))
    place = f"test_nondeterminism.py:{forgets.__code__.co_firstlineno}"
    assert verdict.value is Validity.UNKNOWN and f"step returned None ({place})" in verdict.reason
