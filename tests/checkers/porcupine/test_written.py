"""Models of users, whose states have parts, are searched as the reference search does, and in a good order.

Histories have many operations that are the same call, of which only one is tried; some crash, some replies are
wrong."""

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.porcupine import ILLEGAL, Call, Model, kernel
from splitbrain.checkers.porcupine.backend import open_backend
from splitbrain.checkers.porcupine.certificate import objection
from splitbrain.checkers.porcupine.search_result import SearchResult
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType

from .test_engines import told, tuned

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

INVOKE, OK, INFO = EventType.INVOKE, EventType.OK, EventType.INFO
HISTORIES = 500
UNDONE = object()
"""In place of the answer of an operation that had no effect yet."""


def of_parts(join: Callable[[Any, Any], Any], empty: Any) -> Model:
    """Something that is put, added to and got."""

    def step(state: Any, call: Call) -> Any:
        if call.f == "get":
            return state if call.result == state else ILLEGAL
        return call.argument if call.f == "put" else join(state, call.argument)

    return Model(
        name="parts", summary="parts", operations=("get", "put", "add"), initial=empty, step=step,
        observes=frozenset({"get"}), pure=frozenset({"get"}),
    )  # fmt: skip


MODELS = {
    "text": (of_parts(lambda state, part: state + part, ""), ("a", "b", "ab")),
    "tuple": (of_parts(lambda state, part: state + part, ()), ((1,), (2,), (1, 2))),
    "set": (of_parts(lambda state, part: state | part, frozenset()), tuple(map(frozenset, ({1}, {2}, {3})))),
    "nothing in common": (of_parts(lambda state, part: (state, part)[-2:], None), ("a", "b", ("a", "b"))),
}


def history_of(model: Model, parts: tuple[Any, ...], random: Random) -> History:
    """A history of up to 16 operations of up to five clients."""
    history, process = History(), 0
    todo, clients, state = random.randint(4, 16), random.randint(2, 5), model.initial
    going: list[tuple[int, str, Any, Any]] = []
    crashes, wrong = random.choice((0, 0, 0.15)), random.choice((0, 0.25))
    states = [state]
    while todo or going:
        if todo and len(going) < clients and random.random() < 0.6:
            f = random.choice(("get", "add", "add", "put" if random.random() < 0.3 else "get"))
            argument = None if f == "get" else random.choice(parts)
            history.add(INVOKE, process, f, argument, None, 0, None)
            going.append((process, f, argument, UNDONE))
            process, todo = process + 1, todo - 1
        elif going:
            number, f, argument, answer = going.pop(random.randrange(len(going)))
            crashed = answer is UNDONE and f != "get" and random.random() < crashes
            if crashed:
                history.add(INFO, number, f, argument, None, 0, None)
            if answer is not UNDONE:
                history.add(OK, number, f, answer, None, 0, None)
            elif not crashed or random.random() < 0.5:
                state = model.step(state, Call(f, argument, state))
                states.append(state)
                seen = random.choice(states) if random.random() < wrong else state
                if not crashed:
                    going.append((number, f, argument, seen if f == "get" else argument))
    return history


def answer_of(model: Model, history: History, *, compiled: bool) -> SearchResult:
    """The verdict of a search; an order is verified."""
    found = open_backend(model, history, Budget(configurations=1 << 40).start(), compiled=compiled)
    found.search_all()
    answer = found.result(0)
    if answer.linearizable:
        assert objection(model, history, answer.order) is None
    return answer


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_parts_gets_the_answers_of_the_clear_search(name: str) -> None:
    model, parts = MODELS[name]
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    random, refuted = Random(seed), 0
    for number in range(HISTORIES):
        history = history_of(model, parts, random)
        expected = told(answer_of(replace(model), history, compiled=False))
        for options in ({}, {"patience": 1}, {"bfs": False}, {"dfs": False}):
            with tuned(**options):
                assert told(answer_of(model, history, compiled=True)) == expected, (seed, number, options)
        refuted += expected[1] is False
    assert HISTORIES // 50 < refuted < HISTORIES // 2


def waves(size: int, count: int) -> History:
    """Waves of additions, all of one wave at once, and what they made, told at the end of each wave."""
    history, random, process, state = History(), Random(1), 0, ""
    for wave in range(count):
        parts = {process + number: f"{wave}.{number} " for number in range(size)}
        for number, part in parts.items():
            history.add(INVOKE, number, "add", part, None, 0, None)
        process += size
        order = list(parts)
        random.shuffle(order)
        state += "".join(parts[number] for number in order)
        for number, part in parts.items():
            history.add(OK, number, "add", part, None, 0, None)
        history.add(INVOKE, process, "get", None, None, 0, None)
        history.add(OK, process, "get", state, None, 0, None)
        process += 1
    return history


def test_what_begins_what_is_seen_next_is_tried_first() -> None:
    answer = answer_of(MODELS["text"][0], waves(9, 4), compiled=True)
    assert answer.linearizable
    assert answer.configurations <= 9 * 4 + 4


def test_of_operations_that_are_the_same_call_one_is_tried() -> None:
    history = History()
    for process in range(16):
        history.add(INVOKE, process, "add", "a", None, 0, None)
    for process in range(16):
        history.add(OK, process, "add", "a", None, 0, None)
    history.add(INVOKE, 16, "get", None, None, 0, None)
    history.add(OK, 16, "get", "a" * 15, None, 0, None)
    answer = answer_of(MODELS["text"][0], history, compiled=True)
    assert answer.linearizable is False
    assert answer.configurations <= 16 + 1


def test_a_comparison_that_fails_is_no_hint() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("not with me")

        __hash__ = object.__hash__

    odd = Odd()

    def step(state: Any, call: Call) -> Any:
        if call.f == "get":
            return state if len(call.result) == len(state) else ILLEGAL
        return (*state, odd)

    history = History()
    for process in range(2):
        history.add(INVOKE, process, "add", 1, None, 0, None)
    for process in range(2):
        history.add(OK, process, "add", 1, None, 0, None)
    history.add(INVOKE, 2, "get", None, None, 0, None)
    history.add(OK, 2, "get", (1, 1), None, 0, None)
    answer = answer_of(replace(MODELS["tuple"][0], step=step), history, compiled=True)
    assert answer.linearizable
