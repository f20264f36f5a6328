"""The ready models behave as their objects do, and report operations that they do not know."""

from typing import Any

import pytest

from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine import ILLEGAL, MODELS, REFUSED, UNSEEN, Call, Refused
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import settle

N = None


def run(name: str, settings: dict[str, Any], calls: list[tuple[str, Any, Any]]) -> Any:
    """The state after these calls, for people, or ILLEGAL."""
    model = MODELS[name].make(settings)
    state = model.initial
    for f, argument, result in calls:
        state = model.step(state, Call(f, argument, result))
        if state is ILLEGAL:
            return ILLEGAL
    return model.show_state(state)


@pytest.mark.parametrize(
    ("name", "settings", "calls", "expected"),
    [
        ("register", {}, [("read", N, N), ("write", 1, 1), ("read", N, 1)], "1"),
        ("register", {"initial": "0"}, [("read", N, 0)], "0"),
        ("register", {"initial": '"0"'}, [("read", N, 0)], ILLEGAL),
        ("register", {}, [("write", 1, UNSEEN), ("read", N, N)], ILLEGAL),
        ("cas-register", {}, [("write", 1, 1), ("cas", (1, 2), (1, 2)), ("read", N, 2)], "2"),
        ("cas-register", {}, [("cas", (1, 2), UNSEEN)], ILLEGAL),
        ("cas-register", {}, [("cas", (N, 2), UNSEEN)], "2"),
        ("cas-register", {"precondition": "observe"}, [("cas", (1, 2), REFUSED)], "nil"),
        ("cas-register", {"precondition": "observe"}, [("cas", (N, 2), REFUSED)], ILLEGAL),
        ("cas-register", {"precondition": "observe"}, [("cas", (1, 2), Refused(N))], "nil"),
        ("cas-register", {"precondition": "observe"}, [("cas", (1, 2), Refused(3))], ILLEGAL),
        ("cas-register", {"precondition": "all"}, [("write", 3, 3), ("cas", (3, 2), Refused(3))], ILLEGAL),
        ("versioned-register", {"precondition": "observe"}, [("cas", (1, 2), Refused(3))], ILLEGAL),
        ("kv", {"precondition": "observe"}, [("cas", (1, 2), Refused(""))], '""'),
        ("kv", {}, [("get", N, ""), ("append", "x", N), ("append", "y", N), ("get", N, "xy")], "xy"),
        ("kv", {}, [("put", "a", N), ("append", "b", N), ("put", "c", N), ("get", N, "c")], "c"),
        ("kv", {}, [("put", 5, N), ("append", "b", N)], '"5b"'),
        ("kv", {"initial": "nil"}, [("get", N, N), ("append", "b", N), ("cas", ("b", 1), ("b", 1))], "1"),
        ("mutex", {}, [("acquire", N, N), ("release", N, N)], "free"),
        ("mutex", {}, [("acquire", N, N), ("acquire", N, N)], ILLEGAL),
        ("mutex", {}, [("release", N, N)], ILLEGAL),
        ("lin-set", {}, [("add", 2, 2), ("add", 1, 1), ("add", 2, 2), ("read", N, (1, 2))], "{1 2}"),
        ("lin-set", {}, [("add", 1, 1), ("contains", True, True)], ILLEGAL),
        ("lin-set", {}, [("add", 1, 1), ("read", N, (1, 1))], ILLEGAL),
        ("lin-set", {}, [("read", N, N)], "{}"),
        ("lin-set", {}, [("add", 1, 1), ("read", N, N)], ILLEGAL),
        ("lin-set", {}, [("add", 1, 1), ("remove", 1, 1), ("remove", 1, 1), ("contains", 1, False)], "{}"),
        ("lin-set", {"answers": True}, [("add", 1, True), ("add", 1, False), ("remove", 1, True)], "{}"),
        ("lin-set", {"answers": True}, [("remove", 1, True)], ILLEGAL),
        ("fifo-queue", {}, [("enqueue", 1, 1), ("enqueue", 2, 2), ("dequeue", N, 1)], "[2]"),
        ("fifo-queue", {}, [("enqueue", 1, 1), ("enqueue", 2, 2), ("dequeue", N, 2)], ILLEGAL),
        ("fifo-queue", {}, [("dequeue", N, N), ("dequeue", N, UNSEEN)], "[]"),
        ("fifo-queue", {"empty": "none"}, [("dequeue", N, N)], ILLEGAL),
        ("fifo-queue", {}, [("enqueue", 1, 1), ("dequeue", N, N)], ILLEGAL),
        ("lin-counter", {}, [("add", 2, 2), ("add", -1, -1), ("read", N, 1)], "1"),
        ("lin-counter", {"initial": 5}, [("read", N, 5)], "5"),
        ("multi-register", {}, [("write", {"x": 1}, {"x": 1}), ("read", N, {"x": 1, "y": N})], "{x 1}"),
        ("multi-register", {}, [("write", {"x": 1, "y": 2}, N), ("read", N, {"y": 1})], ILLEGAL),
        ("owner-mutex", {"owner": "value"}, [("acquire", "p", N), ("release", "p", N)], "free"),
        ("owner-mutex", {"owner": "value"}, [("acquire", "p", N), ("release", "q", N)], ILLEGAL),
        ("owner-mutex", {"owner": "value"}, [("acquire", "p", N), ("acquire", "p", N)], ILLEGAL),
        ("reentrant-lock", {"owner": "value"}, [("acquire", "p", N), ("acquire", "p", N)], "held by p (2 times)"),
        ("reentrant-lock", {"owner": "value"}, [("acquire", "p", N)] * 3, ILLEGAL),
        ("reentrant-lock", {"owner": "value"}, [("acquire", "p", N), ("acquire", "q", N)], ILLEGAL),
        ("semaphore", {"owner": "value"}, [("acquire", "p", N), ("acquire", "q", N)], "held by p and q"),
        ("semaphore", {"owner": "value", "permits": 1}, [("acquire", "p", N), ("acquire", "q", N)], ILLEGAL),
        ("semaphore", {"owner": "value"}, [("acquire", "p", N), ("release", "q", N)], ILLEGAL),
        ("stack", {}, [("push", 1, 1), ("push", 2, 2), ("pop", N, 2)], "[1]"),
        ("stack", {}, [("push", 1, 1), ("push", 2, 2), ("pop", N, 1)], ILLEGAL),
        ("stack", {}, [("pop", N, N), ("pop", N, UNSEEN)], "[]"),
        ("priority-queue", {}, [("enqueue", 2, 2), ("enqueue", 1, 1), ("dequeue", N, 1)], "[2]"),
        ("priority-queue", {}, [("enqueue", 1.0, N), ("enqueue", 1, N), ("dequeue", N, 1)], "[1.0]"),
        ("priority-queue", {"first": "largest"}, [("enqueue", 2, 2), ("enqueue", 1, 1), ("dequeue", N, 2)], "[1]"),
        ("priority-queue", {}, [("enqueue", 2, 2), ("enqueue", 1, 1), ("dequeue", N, 2)], ILLEGAL),
        (
            "lin-list",
            {},
            [("read", N, N), ("append", 1, 1), ("append", True, N), ("read", N, (1, True))],
            "[1 true]",
        ),
        ("lin-list", {}, [("append", 1, 1), ("append", 2, 2), ("read", N, (2, 1))], ILLEGAL),
        ("fetch-and-add", {}, [("fetch-and-add", 2, 0), ("fetch-and-add", 1, UNSEEN), ("read", N, 3)], "3"),
        ("fetch-and-add", {"returns": "new"}, [("fetch-and-add", 2, 0)], ILLEGAL),
    ],
)
def test_steps(name: str, settings: dict[str, Any], calls: list[tuple[str, Any, Any]], expected: Any) -> None:
    assert run(name, settings, calls) == expected


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("cas-register", ("cas", 5, 5)),
        ("kv", ("append", 5, 5)),
        ("lin-set", ("contains", 1, 1)),
        ("lin-set", ("read", N, 1)),
        ("lin-counter", ("add", "x", "x")),
        ("multi-register", ("write", 1, 1)),
        ("priority-queue", ("enqueue", "x", "x")),
        ("lin-list", ("read", N, 1)),
    ],
)
def test_what_a_model_cannot_take_is_wrong_use(name: str, call: tuple[str, Any, Any]) -> None:
    with pytest.raises(UsageError):
        run(name, {}, [call])


def test_every_model_says_what_it_is() -> None:
    for name, entry in MODELS.items():
        model = entry.make(settle(entry.options, {}, name))
        assert (model.name, model.summary) == (name, entry.summary)
        assert set(model.operations) >= model.observes | model.pure | model.refusals
        assert set(model.operations) >= model.independence.resets | model.independence.blind
        assert model.observes
        assert all(option.meaning for option in entry.options)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("nil", None),
        ("0", 0),
        ("-1.5", -1.5),
        ("true", True),
        ("abc", "abc"),
        ('"0"', "0"),
        ("[1,2]", (1, 2)),
        ("", ""),
    ],
)
def test_what_a_word_means(word: str, value: Any) -> None:
    assert same(meant(word), value)


def test_the_same_means_type_and_form() -> None:
    values: list[Any] = [
        None,
        0,
        False,
        0.0,
        "0",
        (),
        (0,),
        (False,),
        frozenset(),
        {},
        {"a": 0},
        {"a": False},
        {0: 1},
        {False: 1},
    ]
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            assert same(a, b) == (i == j), (a, b)
            assert (frozen(a) == frozen(b)) == (i == j), (a, b)


def test_values_for_people() -> None:
    assert [shown(v) for v in (None, True, 1, "x", "x y", (1, None))] == ["nil", "true", "1", "x", '"x y"', "[1 nil]"]
    assert [shown(v) for v in ("nil", "true", "inf")] == ['"nil"', '"true"', '"inf"']
