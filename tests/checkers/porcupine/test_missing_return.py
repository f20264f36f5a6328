"""Functions whose end can be reached without `return`."""

from typing import Any

import pytest

from splitbrain.checkers.porcupine.missing_return import line_without_return


def always(state: Any, call: Any) -> Any:
    if call:
        return state
    raise ValueError


def matched(state: Any, call: Any) -> Any:
    match call:
        case 1:
            return state
        case _:
            with state:
                return call


def tried(state: Any, call: Any) -> Any:
    try:
        if state:
            return 1
        else:  # noqa: RET505 - what it is for
            return 2
    except ValueError:
        return call
    finally:
        print()


def looping(state: Any, call: Any) -> Any:
    while True:
        if state:
            return call


def one_branch(state: Any, call: Any) -> Any:  # noqa: RET503 - what it is for
    if call:
        return state
    elif state:  # noqa: RET505 - what it is for
        state += 1
    else:
        return call


def no_last_case(state: Any, call: Any) -> Any:
    match call:
        case 1:
            return state
        case 2 if state:
            return call


def swallowed(state: Any, call: Any) -> Any:
    try:
        return state[call]
    except KeyError:
        print()


def broken_off(state: Any, call: Any) -> Any:
    while True:
        if state:
            break
        return call


class Methods:
    def forgets(self, state: Any, call: Any) -> Any:
        state + call


@pytest.mark.parametrize("function", [always, matched, tried, looping, lambda state, call: None, print, 5])
def test_nothing_is_said_of_what_always_returns_or_has_no_source(function: Any) -> None:
    assert line_without_return(function) is None


@pytest.mark.parametrize(
    ("function", "line"), [(one_branch, 4), (no_last_case, 1), (swallowed, 4), (broken_off, 1), (Methods().forgets, 1)]
)
def test_the_last_statement_of_a_path_without_return_is_told(function: Any, line: int) -> None:
    assert line_without_return(function) == function.__code__.co_firstlineno + line
