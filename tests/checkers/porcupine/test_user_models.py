"""Models that somebody else wrote, with mistakes in them: `unknown`, with the mistake and its line, no exception."""

import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from splitbrain.checkers.porcupine import ILLEGAL, Call, Model, check, kernel
from splitbrain.checkers.porcupine.model import State
from splitbrain.checkers.porcupine.table import ModelFailure, Table, parts_held
from splitbrain.harness.budget import Budget
from splitbrain.harness.verdict import Validity

from .histories import recorded

HISTORY = ("0 invoke add 1", "0 ok add 1", "1 invoke add 2", "1 ok add 2", "0 invoke read", "0 ok read 3")


class Unhashable:
    """A state whose hash fails."""

    def __hash__(self) -> int:
        raise RuntimeError("no hash today")


class Unequal:
    """States of one hash whose equality fails."""

    def __hash__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError("no equality today")


def model(step: Callable[[Any, Call], Any], initial: State = 0) -> Model:
    return Model(
        name="mine", summary="mine", operations=("add", "read"), initial=initial, step=step,
        observes=frozenset({"read"}),
    )  # fmt: skip


def raises(_state: Any, call: Call) -> Any:
    return call.argument.missing


def forgets(state: Any, call: Call) -> Any:  # noqa: RET503 - what it is for
    """A step that does not return where a read is right."""
    if call.f == "add":
        return state + call.argument
    if call.result != state:
        return ILLEGAL


def emptied(state: Any, call: Call) -> Any:
    """A register that can be emptied."""
    return call.argument if call.f == "add" else state if call.result == state else ILLEGAL


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda state, call: [state], r"step returned a list for add \(test_user_models.py:\d+\).*return a tuple"),
        (lambda state, call: {state}, r"step returned a set .*return a frozenset"),
        (lambda state, call: Unhashable(), r"hash or equality failed: RuntimeError: no hash today"),
        (lambda state, call: Unequal(), r"hash or equality failed: ArithmeticError: no equality today"),
        (
            lambda state, call: None,
            r"step returned None for add \(test_user_models.py:\d+\).*on every path, or ILLEGAL",
        ),
        (forgets, r"step returned None for read \(test_user_models.py:\d+\)"),
        (raises, r"AttributeError: .* no attribute .missing. \(test_user_models.py:\d+\)"),
    ],
)
def test_a_mistake_in_a_model_is_told_with_its_line(step: Callable[[Any, Call], Any], told: str) -> None:
    verdict = check(model(step), recorded(*HISTORY))
    assert verdict.value is Validity.UNKNOWN
    assert re.search(told, verdict.reason), verdict.reason


def test_a_model_may_say_that_none_is_a_state() -> None:
    lines = ("0 invoke add", "0 ok add", "0 invoke read", "0 ok read")
    says = replace(model(emptied, 7), none_is_state=True)
    assert check(says, recorded(*lines)).value is Validity.VALID
    assert check(model(emptied, None), recorded(*lines)).value is Validity.VALID
    forgot = check(model(emptied, 7), recorded(*lines))
    assert forgot.value is Validity.UNKNOWN and "none_is_state=True" in forgot.reason


def forgets_a_write(state: Any, call: Call) -> Any:  # noqa: RET503 - what it is for
    """A register that begins empty and does not return where something is written."""
    if call.f == "read":
        return state if call.result == state else ILLEGAL
    state = call.argument


def test_a_register_that_begins_empty_is_told_of_a_missing_return_too() -> None:
    """A model whose verdict would be `invalid`: the read sees a value that was written."""
    verdict = check(
        model(forgets_a_write, None), recorded("0 invoke add 1", "0 ok add 1", "0 invoke read", "0 ok read 1")
    )
    line = forgets_a_write.__code__.co_firstlineno + 4
    assert verdict.value is Validity.UNKNOWN
    assert f"(test_user_models.py:{line}), and can come to its end there without return" in verdict.reason


def test_the_search_in_python_takes_none_for_a_state_just_as_rarely() -> None:
    calls = [Call("add", None, None)]
    assert Table(replace(model(emptied, 7), none_is_state=True), calls).fill(0, 0) == 1
    with pytest.raises(ModelFailure, match="none_is_state=True"):
        Table(model(emptied, 7), calls).fill(0, 0)


def test_an_initial_state_that_cannot_be_kept_is_told() -> None:
    verdict = check(model(lambda state, call: state, Unhashable()), recorded(*HISTORY))
    assert verdict.value is Validity.UNKNOWN and "no hash today" in verdict.reason


def test_a_failure_that_cannot_be_shown_is_told_all_the_same() -> None:
    def unshown(state: Any) -> str:
        raise ValueError("no words")

    broken = Model(
        name="mine", summary="mine", operations=("add", "read"), initial=0, step=raises, observes=frozenset({"read"}),
        show_state=unshown,
    )  # fmt: skip
    verdict = check(broken, recorded(*HISTORY))
    assert "AttributeError" in verdict.reason and "no words" in verdict.reason


def grows(state: Any, call: Call) -> Any:
    """States of thousands of fresh parts, no two of them shared."""
    if call.f == "read":
        return ILLEGAL
    return tuple((part, part + 10**6) for part in range(state[0][0] + call.argument, state[0][0] + 5_000))


def test_the_parts_of_large_states_are_counted() -> None:
    calls = [Call("add", delta, delta) for delta in range(1, 40)]
    tracemalloc.start()
    table = Table(model(grows, ((0, 0),)), calls)
    for kind in range(len(calls)):
        table.fill(0, kind)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 * held < table.bytes < 3 * held


def test_plain_parts_count_nothing_and_nested_ones_are_sampled() -> None:
    assert parts_held((1, "a", None)) == 0
    assert parts_held(tuple((n,) for n in range(1000))) > 1000 * 40
    assert parts_held({"a": (1, 2)}) > 0


@pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")
def test_the_compiled_count_of_parts_is_the_same() -> None:
    from splitbrain.checkers.porcupine.kernel.steps import bytes_of_parts

    states: list[Any] = [
        (), None, 1, 2.5, "text", b"", True, frozenset(), {"a": (1, 2)}, ((),), tuple(range(1000)),
        tuple((n,) for n in range(1000)), frozenset((("int", 1), ("str", "a"))), frozenset(range(20)),
        tuple((n, (n, ("deep", (n, (n,))))) for n in range(17)), ({"a": [1, (2,)]}, frozenset(((1, 2), 3)), "x"),
        tuple(frozenset((n, k) for k in range(9)) for n in range(30)), ((1, 2**90), [(3,)] * 40, range(3)),
    ]  # fmt: skip
    assert [bytes_of_parts(state) for state in states] == [parts_held(state) for state in states]
    assert sum(bytes_of_parts(state) > 0 for state in states) == 8


def test_a_large_state_meets_the_budget_of_memory() -> None:
    lines = [line for n in range(1, 12) for line in (f"{n} invoke add {n}", f"{n} info add {n}")]
    verdict = check(
        model(grows, ((0, 0),)), recorded(*lines, "0 invoke read", "0 ok read 3"), Budget(bytes=8 << 20)
    )  # fmt: skip
    assert verdict.value is Validity.UNKNOWN and "memory" in verdict.reason
